/** One expression a line; what begins with a space or a tab goes on with the line before. */
export const expressionsOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .reduce<string[]>((all, line) => {
      const last = all.at(-1);
      if (/^[ \t]/.test(line) && last !== undefined) all[all.length - 1] = `${last}\n${line}`;
      else all.push(line);
      return all;
    }, []);
