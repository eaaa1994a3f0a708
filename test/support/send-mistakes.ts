/** What can be asked of `send` and is refused: the words after HOST, the exit code, and what the one line must say. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './netns.ts';

type Mistake = [name: string, words: string[], exitCode: 64 | 65 | 66, line: RegExp];

const zeros = (bytes: number): string => '00'.repeat(bytes);
const SYN = '9c400050 00000001 00000000 5002faf0 00000000';

export function sendMistakes(): Mistake[] {
  const large = join(temporaryDirectory(), 'large');
  writeFileSync(large, new Uint8Array(70_000));
  return [
    ['flags that are none', ['80', '--flags', 'XYZ'], 64, /--flags: "XYZ".*names as in SYN,ACK/],
    ['flags over nine bits', ['80', '--flags', '0x200'], 64, /--flags: "0x200"/],
    ['no flags said', ['80', '--flags='], 64, /--flags wants a value/],
    ['--tos and --dscp', ['80', '--tos', '1', '--dscp', '2'], 64, /--tos and --dscp at once.*same byte/],
    ['--tos and --ecn', ['80', '--tos', '0', '--ecn', '0'], 64, /--tos and --ecn at once/],
    ['DSCP 64', ['80', '--dscp', '64'], 64, /--dscp: 64 is out of range.*0 to 63/],
    ['an option of half a byte', ['80', '--tcp-option', '2:05b'], 64, /--tcp-option: an odd number of hex digits/],
    ['an option with a stray digit', ['80', '--tcp-option', '2:05g4'], 64, /--tcp-option: "g" is not a hex digit, at character 3: 05>g<4/],
    ['an option without a kind', ['80', '--tcp-option', 'mss'], 64, /--tcp-option: "mss" is not a whole number/],
    ['an option of kind 256', ['80', '--tcp-option', '256:'], 64, /--tcp-option: 256 is out of range/],
    ['a length byte for end-of-list', ['80', '--tcp-option', '0/2:'], 64, /kind 0 has no length byte/],
    ['data for a no-operation', ['80', '--tcp-option', '1:00'], 64, /kind 1 has no data/],
    ['an option longer than all may be', ['80', '--tcp-option', `253:${zeros(39)}`], 64, /kind 253 with 41 bytes.*room for 40/],
    [
      'options over 40 bytes together',
      ['80', '--tcp-option', `253:${zeros(20)}`, '--tcp-option', `254:${zeros(20)}`],
      64,
      /TCP options: 44 bytes, 40 at most/,
    ],
    [
      'options over 40 bytes with a preset',
      ['80', '--tcp-options', 'linux', '--tcp-option', `253:${zeros(20)}`],
      64,
      /TCP options: 42 bytes.*--tcp-options none/,
    ],
    ['IPv4 options over 40 bytes', ['80', '--ip-options', zeros(41)], 64, /IPv4 options: 41 bytes, 40 at most/],
    ['IPv4 options of no such name', ['80', '--ip-options', 'source-route'], 64, /--ip-options: "s" is not a hex digit/],
    ['data over the MTU', ['80', '--data-length', '1600'], 64, /1660 bytes are more than the MTU.*--fragment/],
    ['fragments over the MTU', ['80', '--data-length', '4000', '--fragment', '2000'], 64, /2020 bytes are more than the MTU/],
    ['data over a datagram', ['80', '--data-length', '65516', '--fragment', '1000'], 64, /--data-length: more than the 65515 bytes/],
    ['data and headers over a datagram', ['80', '--data-length', '65480', '--fragment', '1000'], 64, /65535 bytes, headers and all/],
    ['a data file larger than a datagram', ['80', '--data-file', large], 64, /--data-file: more than the 65515 bytes/],
    ['a data file that is a directory', ['80', '--data-file', '/'], 66, /--data-file: "\/" is a directory/],
    ['a data file that is missing', ['80', '--data-file', '/nosuchfile'], 66, /--data-file: .*"\/nosuchfile".*no such file/],
    ['two sources of data', ['80', '--data', 'a', '--data-length', '1'], 64, /--data and --data-length at once/],
    ['data of a stray digit', ['80', '--data-hex', '00112x'], 64, /--data-hex: "x" is not a hex digit, at character 6: 00112>x</],
    ['a checksum over 16 bits', ['80', '--checksum', '99999'], 64, /--checksum: 99999 is out of range.*0 to 65535/],
    ['a checksum misspelt', ['80', '--checksum', 'bad'], 64, /--checksum: "bad" is not known; give 0 to 65535, wrong/],
    ['--checksum keep without --hex', ['80', '--checksum', 'keep'], 64, /--checksum keep without --hex/],
    [
      'a segment of a stray digit',
      ['--hex', '9c400050 0000_0001'],
      64,
      /--hex: "_" is not a hex digit, at character 14: ...c400050 0000>_<0001/,
    ],
    ['a segment without its ports', ['--hex', '9c40'], 64, /--hex: 2 of the 4 bytes that hold the ports/],
    ['a segment for another port', ['81', '--hex', SYN], 64, /PORT: 81.*port 80/],
    ['a segment from another port', ['--hex', SYN, '--source-port', '40001'], 64, /--source-port: 40001.*port 40000/],
    ['a segment from port 0', ['--hex', '00000050'], 64, /--hex: its source port is 0/],
    ['a segment and a field of it', ['--hex', SYN, '--seq', '1'], 64, /--hex and --seq at once/],
    ['a segment and data', ['--hex', SYN, '--data', 'a'], 64, /--hex and --data at once/],
    ['a segment and a sweep of a field of it', ['--hex', SYN, '--sweep', 'seq=0..3'], 64, /--hex and --sweep seq at once/],
    ['a sweep of no field', ['80', '--sweep', 'colour=0..3'], 64, /--sweep: "colour" is no field to sweep/],
    ['a sweep of a field misspelt', ['80', '--sweep', 'flag=0..3'], 64, /"flag" is no field.*did you mean flags/],
    ['a sweep without a range', ['80', '--sweep', 'flags'], 64, /--sweep: "flags" is not FIELD=FROM..TO/],
    ['a sweep of 2^32 values', ['80', '--sweep', 'seq=0..4294967295'], 64, /4294967296 segments.*16384 values at a time/],
    ['a sweep backwards', ['80', '--sweep', 'ttl=5..3'], 64, /--sweep: ttl=5\.\.3 runs backwards; give ttl=3\.\.5/],
    ['a sweep past the end of its field', ['80', '--sweep', 'ttl=250..256'], 64, /--sweep ttl: 256 is out of range/],
    [
      'a sweep to where no segment can be made',
      ['80', '--sweep', 'data-length=65400..65515', '--fragment', '1000'],
      64,
      /--sweep data-length=65476: .*65535/,
    ],
    ['a sweep past the last port', ['80', '--sweep', 'ttl=1..9', '--source-port', '65530'], 64, /--source-port: 65530 is the first of 9/],
    ['a sweep until an answer', ['80', '--sweep', 'ttl=1..9', '--repeat-until', 'rst'], 64, /--sweep and --repeat-until at once/],
    ['an answer that is none', ['80', '--repeat-until', 'hello'], 64, /--repeat-until: "hello".*any, syn-ack, rst, ack, icmp/],
    ['--hold without --no-cleanup', ['80', '--hold', '1'], 64, /--hold without --no-cleanup/],
    ['no copies', ['80', '--count', '0'], 64, /--count: 0 is out of range/],
    ['a checksum of IPv4', ['80', '--ip-checksum', '1'], 64, /--ip-checksum: the kernel fills in/],
    ['a length of IPv4', ['80', '--ip-length', '1'], 64, /--ip-length: the kernel fills in/],
    ['identification 0 without DF', ['80', '--ip-id', '0', '--no-df'], 64, /--ip-id: 0 without DF, and the kernel fills in/],
    ['a fragment size that is no multiple of 8', ['80', '--fragment', '100'], 64, /--fragment: 100 is not a multiple of 8/],
    ['four reserved bits', ['80', '--reserved', '8'], 64, /--reserved: 8 is out of range/],
    ['a data offset over four bits', ['80', '--data-offset', '16'], 64, /--data-offset: 16 is out of range/],
    ['a fragment offset over 13 bits', ['80', '--fragment-offset', '8192'], 64, /--fragment-offset: 8192 is out of range/],
    ['no port', [], 64, /PORT is missing/],
  ];
}
