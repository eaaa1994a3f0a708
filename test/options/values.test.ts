/** What is offered in the place of a word that is not known. */
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/options/values.ts';

describe('the nearest word', () => {
  const COMMANDS = ['connect', 'send', 'ping', 'trace', 'scan', 'replay', 'decode', 'demo', 'doctor', 'completion'];

  it.each([
    ['scna', 'scan'],
    ['snad', 'send'],
    ['pnig', 'ping'],
    ['conect', 'connect'],
    ['doctr', 'doctor'],
    ['xreplay', 'replay'],
    ['comp', 'completion'],
  ])('of %s is %s', (typed, meant) => expect(nearest(typed, COMMANDS)).toBe(meant));

  it('is none where none is near', () => {
    expect(nearest('traceroute', COMMANDS)).toBeUndefined();
    expect(nearest('', [])).toBeUndefined();
  });
});
