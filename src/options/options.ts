/** The options as data: parsing, help, man page and completions all come from here. */
import { CLOCK_SOURCES } from '../net/network.ts';
import { PRESETS } from '../probe/syn-options.ts';

export interface Option {
  name: string;
  alias?: string;
  /** What stands for its value in help, such as `SECONDS`. Without: a switch. */
  argument?: string;
  /** All the values that there are. */
  choices?: readonly string[];
  /** The value may be left out; it must then be joined by `=` where it is given. */
  optional?: true;
  /** A switch that is on unless `--no-` is put before it. */
  negatable?: true;
  /** A switch that says more the more often it is given: `-vv`. */
  counted?: true;
  /** Takes a value each time it is given, in order. Of others the last value counts, as scripts that add to a line of options have it. */
  repeatable?: true;
  /** Given twice it would read as if its values came together: that is refused, with this as what to do. */
  once?: string;
  group:
    | 'Tests'
    | 'Targets'
    | 'Close'
    | 'Reading'
    | 'Sending'
    | 'TCP header'
    | 'TCP options'
    | 'IPv4 header'
    | 'Data'
    | 'Path'
    | 'Time'
    | 'Limits'
    | 'Faults'
    | 'Privileges'
    | 'Output';
  describe: string;
  /** As help shows it. */
  default?: string | undefined;
}

/** Options that every command which draws or prints results has. */
export const OUTPUT_OPTIONS: readonly Option[] = [
  { name: 'json', group: 'Output', describe: 'Print JSON Lines: one object a line, the last one the result' },
  { name: 'quiet', alias: 'q', group: 'Output', describe: 'Print one line: the verdict' },
  { name: 'verbose', alias: 'v', counted: true, group: 'Output', describe: 'Draw every segment, also of a long transfer' },
  { name: 'ascii', group: 'Output', describe: 'Draw in plain ASCII, as is done off a terminal' },
  { name: 'color', negatable: true, group: 'Output', describe: 'Colour on a terminal (--no-color: never)' },
  { name: 'force', group: 'Output', describe: 'Replace an existing file' },
];

export const PATH_OPTIONS: readonly Option[] = [
  { name: 'source', argument: 'ADDRESS', group: 'Path', describe: "Send from this address of ours; default: the route's" },
  { name: 'source-port', argument: 'PORT', group: 'Path', describe: 'Send from this port; default: a free one' },
  { name: 'interface', alias: 'I', argument: 'NAME', group: 'Path', describe: "Send through this interface; default: the route's" },
];

export const IP_HEADER_OPTIONS: readonly Option[] = [
  { name: 'ttl', argument: 'N', group: 'IPv4 header', describe: 'Time to live of our datagrams', default: '64' },
  { name: 'tos', argument: 'N', group: 'IPv4 header', describe: 'Type of service of our datagrams, DSCP and ECN', default: '0' },
];

export const TIME_OPTIONS: readonly Option[] = [
  {
    name: 'timeout',
    alias: 'W',
    argument: 'SECONDS',
    group: 'Time',
    describe: "Longest wait for the SYN+ACK, for progress on our data, for the peer's FIN, and from our FIN to the end",
    default: '5',
  },
  { name: 'deadline', alias: 'w', argument: 'SECONDS', group: 'Time', describe: 'Longest time for the whole command', default: '300' },
  {
    name: 'clock',
    argument: 'SOURCE',
    choices: CLOCK_SOURCES,
    group: 'Time',
    describe: 'What dates each segment. kernel: its stamp, next to the wire; user: this process, to see the difference',
    default: 'kernel',
  },
  { name: 'seed', argument: 'N', group: 'Time', describe: 'Repeat every random choice: ISN, timestamps, identification' },
];

export const DATA_OPTIONS: readonly Option[] = [
  { name: 'data', argument: 'TEXT', group: 'Data', describe: String.raw`Send this text; \r \n \t \0 \\ and \xNN are escapes` },
  { name: 'data-hex', argument: 'HEX', group: 'Data', describe: 'Send these bytes' },
  { name: 'data-file', argument: 'FILE', group: 'Data', describe: 'Send what the file holds' },
  { name: 'data-length', argument: 'N', group: 'Data', describe: 'Send N bytes: A to Z, repeated' },
];

/** Read by syn-options.ts. */
export const SYN_OPTIONS: readonly Option[] = [
  {
    name: 'tcp-options',
    argument: 'PRESET',
    choices: PRESETS,
    group: 'TCP options',
    describe: 'Whose SYN options to send: none, linux, bsd or windows',
    default: 'linux',
  },
  { name: 'mss', argument: 'N', group: 'TCP options', describe: 'Maximum segment size we offer; default: what the MTU allows' },
  { name: 'wscale', argument: 'N', group: 'TCP options', describe: 'Window scale we offer, 0 to 14' },
  { name: 'sack-permitted', negatable: true, group: 'TCP options', describe: 'Offer selective acknowledgment' },
  {
    name: 'timestamps',
    argument: 'VAL,ECR',
    optional: true,
    negatable: true,
    group: 'TCP options',
    describe: 'Offer timestamps; with values: first TSval and TSecr',
  },
];

/** For the commands that draw conversations. */
export const EXPLAIN_OPTION: Option = { name: 'explain', group: 'Output', describe: 'Say in plain words what each step means' };
export const ABSOLUTE_OPTION: Option = { name: 'absolute', group: 'Output', describe: 'Print absolute sequence numbers' };

export const PRIVILEGE_OPTIONS: readonly Option[] = [
  { name: 'keep-root', group: 'Privileges', describe: 'Keep all privileges to the end, not only until everything is open' },
];

/** For every command that sends; with it goes `--force`. */
export const PCAP_OPTION: Option = {
  name: 'pcap',
  argument: 'FILE',
  group: 'Output',
  describe: 'Write a pcapng capture: all that is sent and comes back, each packet with a comment. -: to stdout, and the text to stderr',
};

/** For the commands whose runs can be held against expectations. */
export const EXPECT_OPTION: Option = {
  name: 'expect',
  argument: 'EXPR',
  repeatable: true,
  group: 'Limits',
  describe:
    'Exit 0 where this holds, and 3 where it does not, whatever the verdict: "rttUs < 20ms", "synack.options.mss >= 1400"; docs/expectations.md has all of it',
};

/** The options with some of them said in other words. */
export const reworded = (options: readonly Option[], changes: Readonly<Record<string, Partial<Option>>>): readonly Option[] =>
  options.map((option) => ({ ...option, ...changes[option.name] }));
