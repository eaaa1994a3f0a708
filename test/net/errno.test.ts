import { describe, expect, it } from 'vitest';
import { describeErrno, errno, errnoOfText, noRouteError, systemError } from '../../src/net/errno.ts';

describe('errors of the kernel', () => {
  it('are known by their text, as raw-socket has nothing else', () => {
    expect(errnoOfText('Operation not permitted')).toBe(errno.EPERM);
    expect(errnoOfText('No buffer space available')).toBe(errno.ENOBUFS);
    expect(errnoOfText('Message too long')).toBe(errno.EMSGSIZE);
    expect(errnoOfText('Buffer argument must be a node Buffer object')).toBeUndefined();
  });

  it('are told with text and name', () => expect(describeErrno(errno.ENOBUFS)).toBe('No buffer space available (ENOBUFS)'));

  it('say what to do where descriptors run out', () => {
    expect(systemError('open', 'a TCP socket', errno.EMFILE)).toMatchObject({ code: 'system', hint: expect.stringContaining('ulimit -n') });
    expect(systemError('open', 'a TCP socket', errno.EINTR).hint).toBeUndefined();
  });

  it('tell the kinds of routes without a way apart', () => {
    const reasonOf = (number: number) => noRouteError('send', 'to 192.0.2.1', '192.0.2.1', number)?.reason;
    const reasons = [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL, errno.ENETDOWN].map(reasonOf);
    expect(new Set(reasons).size).toBe(5);
    expect(reasonOf(errno.EPERM)).toBeUndefined();
  });
});
