/** An endpoint in a given state, brought there by segments as they come in a clean connection. */
import type { State } from '../../src/tcp/state.ts';
import { Script, type ScriptConfig } from './tcp-script.ts';

/** The states of RFC 9293 §3.10.7.4 in which both ISNs are known to both. */
export const SYNCHRONIZED = [
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const satisfies State[];

/** By active open; options are those of both SYNs. */
export function established(config: ScriptConfig = {}, synAck = 'S. 0:0(0) ack 1 <mss 1460>'): Script {
  const t = new Script(config);
  t.open();
  t.sends('S 0:0(0)');
  t.gets(synAck);
  t.sends('. 1:1(0) ack 1');
  return t;
}

/** An endpoint in the state, with nothing told and sent so far. SYN-RECEIVED is reached from LISTEN. */
export function inState(state: State, config: ScriptConfig = {}): Script {
  return walkTo(state, config).forget();
}

function walkTo(state: State, config: ScriptConfig): Script {
  switch (state) {
    case 'CLOSED':
      return new Script(config);
    case 'LISTEN': {
      const t = new Script({ remotePort: 0, ...config });
      t.listen();
      return t;
    }
    case 'SYN-SENT': {
      const t = new Script(config);
      t.open();
      return t;
    }
    case 'SYN-RECEIVED': {
      const t = walkTo('LISTEN', config);
      t.gets('S 0:0(0) <mss 1460>');
      return t;
    }
    case 'ESTABLISHED':
      return established(config);
    case 'FIN-WAIT-1': {
      const t = established(config);
      t.close();
      return t;
    }
    case 'FIN-WAIT-2': {
      const t = walkTo('FIN-WAIT-1', config);
      t.sends('F. 1:1(0) ack 1');
      t.gets('. 1:1(0) ack 2');
      return t;
    }
    case 'CLOSE-WAIT': {
      const t = established(config);
      t.gets('F. 1:1(0) ack 1');
      return t;
    }
    case 'CLOSING': {
      const t = walkTo('FIN-WAIT-1', config);
      t.sends('F. 1:1(0) ack 1');
      t.gets('F. 1:1(0) ack 1');
      return t;
    }
    case 'LAST-ACK': {
      const t = walkTo('CLOSE-WAIT', config);
      t.sends('. 1:1(0) ack 2');
      t.close();
      return t;
    }
    case 'TIME-WAIT': {
      const t = walkTo('FIN-WAIT-2', config);
      t.gets('F. 1:1(0) ack 2');
      return t;
    }
  }
}
