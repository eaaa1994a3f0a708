/** `--csv`: what is listed, as a file beside what is shown. */
import type { ScanEvent } from '../probe/events.ts';
import { CSV_HEADER, csvRecord } from '../report/scan-csv.ts';
import type { PortRow } from '../report/scan-rows.ts';
import type { ScanNames } from '../report/scan-table.ts';
import type { Listener } from './present.ts';
import type { FileSink } from './save.ts';

/** Records are gathered to so many characters. */
const MOST_LENGTH = 1 << 16;

export class CsvFile implements Listener<ScanEvent> {
  private text = CSV_HEADER;

  constructor(
    readonly sink: FileSink,
    private readonly names: ScanNames,
  ) {}

  /** A port that an earlier run of the same scan has found, before the first event. */
  recall(row: PortRow): void {
    this.text += csvRecord(row, this.names);
  }

  event(event: ScanEvent): void {
    if (event.type === 'start') this.sink.begin();
    if (event.type !== 'port') return;
    this.text += csvRecord(event, this.names);
    if (this.text.length >= MOST_LENGTH) this.flush();
  }

  async end(): Promise<void> {
    this.flush();
    await this.sink.flush();
  }

  private flush(): void {
    if (!this.sink.hasBegun) return;
    this.sink.write(Buffer.from(this.text));
    this.text = '';
  }
}
