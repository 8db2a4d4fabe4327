// SPDX-License-Identifier: MIT
// What a program is asked, its mode (text, stream or tools), and its tool.
import { readFileSync } from "node:fs";

export const [ask, mode] = process.argv.slice(2);
export const about = { name: "read_file", description: "Read a file." };
export const schema = {
  type: "object",
  properties: { path: { type: "string" } },
  required: ["path"],
};
export const readFile = ({ path }) => readFileSync(path, "utf8");
