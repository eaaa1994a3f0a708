/** The words of a command line that are not behind `--`. */
export const ownWords = (argv: readonly string[]): readonly string[] => (argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv);

/** Whether one of these switches stands among them. */
export const has = (argv: readonly string[], ...names: readonly string[]): boolean => ownWords(argv).some((word) => names.includes(word));
