// Makes names.txt from the package named in README.md: node make.mjs package > names.txt
const languages = {
  Czech: 'cs_CZ', Dutch: 'nl', English: 'en', French: 'fr', German: 'de', Indonesian: 'id_ID',
  Italian: 'it', Polish: 'pl', Romanian: 'ro', Spanish: 'es', Turkish: 'tr', Vietnamese: 'vi',
};
const root = new URL(process.argv[2] + '/', 'file://' + process.cwd() + '/');

// A list, or lists by sex.
const strings = (v) => (Array.isArray(v) ? v : Object.values(v ?? {}).flatMap(strings)).filter((s) => typeof s === 'string');

for (const [language, locale] of Object.entries(languages)) {
  const { faker } = await import(new URL(`dist/locale/${locale}.js`, root));
  const { first_name, last_name } = faker.rawDefinitions.person;
  const names = new Set([...strings(first_name), ...strings(last_name)].map((s) => s.normalize('NFC').trim()));
  names.delete('\u00c3\u0096mer'); // Ömer, broken on the way into the package
  for (const name of names) console.log(language + '\t' + name);
}
