import { execFileSync } from 'node:child_process';

/** Runs a command to its end. @returns what it wrote to stdout @throws with what it wrote to stderr */
export function command(argv: readonly string[], input = ''): string {
  try {
    return execFileSync(argv[0] as string, argv.slice(1), { input, encoding: 'utf8', timeout: 20_000, stdio: 'pipe' });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error(`${argv.join(' ')}: ${stderr?.trim() || message}`, { cause: error });
  }
}

/** What stands before a program that an ordinary user is to run. */
export const asNobody: readonly string[] = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
