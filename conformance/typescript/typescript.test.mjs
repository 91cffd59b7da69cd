// The exported file under the TypeScript compiler, with the official typings of client and server.
//
// TYPESCRIPT_CMD prints the file; TYPESCRIPT_CWD is the folder in which it runs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const command = process.env.TYPESCRIPT_CMD ?? "target/debug/typescript_export";
const root = process.env.TYPESCRIPT_CWD ?? join(folder, "../..");

/** Runs a program to its end. */
function run(program, args, cwd) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

/** Checks a project and returns the places of its errors, `client.ts:8 TS2345`, and the whole output. */
async function check(project) {
  const tsc = join(folder, "node_modules/.bin/tsc");
  const { code, stdout } = await run(tsc, ["--pretty", "false", "--project", project], folder);
  const found = [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)];
  const places = found.map(([, file, line, error]) => `${basename(file)}:${line} ${error}`);
  return { code, places, stdout };
}

/** The errors that the comments of a file announce: each stands above the line in question. */
async function announced(name) {
  const lines = (await readFile(join(folder, "wrong", name), "utf8")).split("\n");
  return lines.flatMap((line, index) => {
    const error = /^\s*\/\/ (TS\d+): /.exec(line)?.[1];
    return error ? [`${name}:${index + 2} ${error}`] : [];
  });
}

before(async () => {
  const { code, stdout, stderr } = await run("sh", ["-c", command], root);
  assert.equal(code, 0, stderr);
  await mkdir(join(folder, "generated"), { recursive: true });
  await writeFile(join(folder, "generated/events.ts"), stdout);
});

test("the official typings of client and server accept the exported events", async () => {
  const { code, stdout } = await check("tsconfig.json");
  assert.equal(stdout, "");
  assert.equal(code, 0);
});

test("the compiler finds each mistake of the programs in wrong/, and nothing else", async () => {
  const expected = [...(await announced("client.ts")), ...(await announced("server.ts"))];
  const { code, places, stdout } = await check("wrong/tsconfig.json");
  assert.notEqual(code, 0);
  assert.ok(expected.length > 10);
  assert.deepEqual(places, expected, stdout);
});
