// Asks the Open XML SDK about workbooks: node validate.mjs PACKAGE FILE... prints one line of JSON for each file,
// a list of [id, part, place, description], or the text of why it could not be opened.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [entry, ...files] = process.argv.slice(2);
const { default: validate } = await import(pathToFileURL(entry));
for (const file of files) {
  let found;
  try {
    const errors = await validate(new Uint8Array(readFileSync(file)), "xlsx", "Microsoft365");
    found = errors.map((each) => [each.id, each.path.partUri, each.path.xpath, each.description]);
  } catch (error) {
    found = String(error);
  }
  process.stdout.write(JSON.stringify(found) + "\n");
}
// The runtime of the SDK keeps waiting for work.
process.exit(0);
