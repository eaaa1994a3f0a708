/** What this machine lets the tests do. What it does not is left out by name, with the reason. */
import { describe, inject } from 'vitest';

/** `namespaces`: `ip netns add`. `tun`: a TUN device. `otherUser`: to be somebody who is not root, and to read the checkout as such. */
export type Capability = 'namespaces' | 'tun' | 'otherUser';

/** Why a capability is lacking; those that are there have no entry. */
export type Lacking = Partial<Record<Capability, string>>;

declare module 'vitest' {
  export interface ProvidedContext {
    lacking: Lacking;
  }
}

/** `describe` for tests that need something of the machine. */
export function describeNeeding(needs: readonly Capability[], name: string, body: () => void): void {
  const lacking = inject('lacking');
  const reason = needs.map((need) => lacking[need]).find(Boolean);
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (left out: ${reason})`, body);
}
