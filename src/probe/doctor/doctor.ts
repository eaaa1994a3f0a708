/** Does it work on this machine, and if not, what is to be done? */
import { CAP_NET_RAW, type Credentials, hasCapability, helperCredentials, ownCredentials } from '../../net/credentials.ts';
import { NetError } from '../../net/errors.ts';
import { loadKoffi, loadRawSocket } from '../../net/modules.ts';
import { RawSocket } from '../../net/raw.ts';
import { type NativeModule, repairOf, versionOf } from '../../net/repair.ts';
import { asRoot, hasProgram } from '../../net/shell.ts';
import { PROTOCOL_TCP } from '../../wire/ipv4.ts';
import type { CheckEvent, DoctorEvent } from '../events.ts';
import { breaks, limits, type User, works } from './check.ts';
import { checkCapabilities, checkOpenFiles, checkPorts, checkSystem, hasLoopback, inUserNamespace, readSystemFiles } from './machine.ts';
import { readRules } from './read-rules.ts';
import { checkFirewall, checkTrial, isGuarded, notTried } from './shown.ts';
import { type Converse, type Trial, tryLoopback } from './trial.ts';

export interface DoctorRequest {
  /** Version of Node.js. */
  node: string;
  /** Effective user ID. */
  uid: number;
  /** The words that start rawshake: Node.js and the script. */
  rawshake: readonly string[];
  /** Where to look for programs, as in PATH. */
  path: string;
  /** Starts a server on loopback that sends back what it gets. @throws NetError */
  startPeer(): Promise<{ open: number; stop(): void }>;
  converse: Converse;
  /** Gives up what `connect` gives up once its sockets are open. @throws NetError */
  giveUp(): void;
}

/**
 * Looks at all that `connect` needs, connects on loopback, and gives up privileges as `connect` does. What it finds
 * is told, not thrown. The last event is the result.
 */
export async function* doctor(request: DoctorRequest): AsyncGenerator<DoctorEvent, void> {
  const { uid, rawshake, path } = request;
  const told: CheckEvent[] = [];
  const tell = (check: CheckEvent): CheckEvent => {
    told.push(check);
    return check;
  };
  const rules = readRules(path);
  const files = readSystemFiles();
  const user: User = { uid, rawshake, hasSudo: hasProgram('sudo'), inUserNamespace: inUserNamespace(files) };
  yield tell(checkSystem(files, request.node));
  yield tell(checkCapabilities(credentialsOf(ownCredentials), user, files));

  const [koffi, koffiFailure] = checkModule('koffi', loadKoffi);
  const [rawSocket, rawSocketFailure] = checkModule('raw-socket', loadRawSocket);
  const notLoaded = koffiFailure ?? rawSocketFailure;
  const [socket, socketFailure] = notLoaded === undefined ? checkSocket() : [limits('socket', 'not tried')];
  const [loopback, loopbackFailure] = checkLoopback(user);
  for (const check of [koffi, rawSocket, socket, loopback]) yield tell(check);
  const error = notLoaded ?? socketFailure ?? loopbackFailure;
  const { trial, failure } = error === undefined ? await attempt(request) : { failure: error };
  for (const check of trial === undefined ? notTried(failure?.message ?? '') : checkTrial(trial, user)) yield tell(check);
  yield tell(checkFirewall(trial, failure, await rules, user));
  yield tell(checkPorts(user));
  yield tell(checkOpenFiles(user));
  yield tell(notLoaded === undefined ? checkPrivileges(request) : limits('privileges', 'not tried'));
  yield {
    type: 'result',
    checks: told.length,
    failed: told.filter(({ ok }) => !ok).map(({ name }) => name),
    verdict: trial?.result.verdict,
    reason: trial?.result.reason,
    completed: trial !== undefined && isGuarded(trial),
    error: failure ?? trial?.result.error,
  };
}

/** A check, and what keeps `connect` from working where it failed. */
type Finding = [event: CheckEvent, failure?: NetError];

function checkModule(name: NativeModule, load: () => unknown): Finding {
  const version = versionOf(name);
  try {
    load();
    return [works(name, version ?? 'loaded')];
  } catch (caught) {
    const failure = asNetError(caught, 'load', `the module ${name}`);
    const { reason, command } = repairOf(name, failure.cause);
    return [breaks(name, version === undefined ? reason : `${version}: ${reason}`, command), failure];
  }
}

function checkSocket(): Finding {
  try {
    new RawSocket(PROTOCOL_TCP).close();
    return [works('socket', 'a raw IPv4 socket opens')];
  } catch (caught) {
    const failure = asNetError(caught, 'open', 'a raw socket');
    // The lack of the capability was told already.
    const { reason, hint } = failure;
    const told = !hasCapability(credentialsOf(ownCredentials)?.effective ?? 0n, CAP_NET_RAW) || hint === undefined;
    return [breaks('socket', told ? reason : `${reason}; ${hint}`), failure];
  }
}

function checkLoopback(user: User): Finding {
  if (hasLoopback()) return [works('loopback', 'up')];
  const remedy = asRoot('ip link set lo up', user);
  return [
    breaks('loopback', 'down: nothing can be tried on it', remedy),
    new NetError('no-route', 'try', 'a connection on loopback', 'the interface lo is down', `run \`${remedy}\``),
  ];
}

async function attempt({ startPeer, converse }: DoctorRequest): Promise<{ trial?: Trial; failure?: NetError }> {
  let peer: { open: number; stop(): void } | undefined;
  try {
    peer = await startPeer();
    return { trial: await tryLoopback(peer.open, converse) };
  } catch (caught) {
    return { failure: asNetError(caught, 'try', 'a connection on loopback') };
  } finally {
    peer?.stop();
  }
}

/** What is told here is never a stack. */
const asNetError = (caught: unknown, operation: string, subject: string): NetError =>
  caught instanceof NetError ? caught : new NetError('system', operation, subject, (caught as Error).message, undefined, { cause: caught });

function credentialsOf<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Gives them up, and tells what is left. */
function checkPrivileges({ giveUp }: DoctorRequest): CheckEvent {
  const before = credentialsOf(ownCredentials);
  try {
    if (before?.permitted !== 0n) giveUp();
  } catch (caught) {
    return limits('privileges', `not given up: ${(caught as Error).message}`);
  }
  const own = credentialsOf(ownCredentials);
  const helpers = credentialsOf(helperCredentials);
  if (before === undefined || own === undefined || helpers === undefined) return limits('privileges', 'not known: /proc is not mounted');
  if (before.permitted === 0n) return works('privileges', 'none to give up');
  if (own.permitted !== 0n) return limits('privileges', 'some are kept once all is open');
  return works('privileges', `given up once all is open: ${left(own, helpers)}`);
}

/** Commands that open ports later keep what these need; here it is as in `connect`. */
function left(own: Credentials, helpers: readonly Credentials[]): string {
  const holding = helpers.filter(({ permitted }) => permitted !== 0n).length;
  const rest = holding === 0 ? 'no capabilities in any thread' : `no capabilities; ${holding} helper threads of Node.js keep theirs`;
  return `user ${own.uid}, ${rest}`;
}
