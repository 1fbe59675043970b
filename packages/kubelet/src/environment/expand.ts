/** $(NAME) is replaced where NAME is known and stays where it is not; $$ stands for a dollar (API: Container.command). */
export const expand = (text: string, known: ReadonlyMap<string, string>): string =>
  text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name?: string) =>
    name === undefined ? '$' : (known.get(name) ?? whole),
  );
