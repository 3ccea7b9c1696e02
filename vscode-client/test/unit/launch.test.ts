/** Which program is run decides what a stranger's folder can do: each rule of the search, and what it must not look at. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { candidates, choose, isInside, onPath, type Places } from "../../src/server/launch";

const NOTHING: Places = {
  setting: "",
  active: undefined,
  own: undefined,
  path: "",
  folders: [],
  trusted: true,
  platform: "linux",
  exists: () => true,
};

function origins(places: Partial<Places>): string[] {
  return candidates({ ...NOTHING, ...places }).map((each) => `${each.origin} ${each.command}`);
}

test("the setting is the only one where it is set", () => {
  assert.deepEqual(origins({ setting: "/my/python", active: "/a/python", own: "/o/python", path: "/bin" }), ["setting /my/python"]);
});

test("else the active interpreter, the private environment, the PATH", () => {
  const found = origins({ active: "/a/python", own: "/o/python", path: "/usr/bin:/bin" });
  assert.deepEqual(found, ["active /a/python", "private /o/python", "path /usr/bin/glosswright"]);
});

test("an untrusted workspace's interpreter is not asked", () => {
  assert.deepEqual(origins({ active: "/w/.venv/bin/python", own: "/o/python", trusted: false }), ["private /o/python"]);
});

for (const [path, why] of [
  ["/w/bin", "in the workspace"],
  ["/w", "the workspace itself"],
  ["bin", "relative"],
  [".", "wherever one is"],
  ["", "empty"],
] as const) {
  test(`a PATH entry that is ${why} is passed over`, () => {
    assert.deepEqual(origins({ path, folders: ["/w"] }), []);
  });
}

test("the first entry of the PATH that has the program wins", () => {
  const exists = (file: string) => file === "/two/glosswright";
  assert.equal(onPath("glosswright", { ...NOTHING, path: "/one:/two", exists }), "/two/glosswright");
});

test("Windows' paths and names", () => {
  const places = { ...NOTHING, platform: "win32", path: "C:\\w\\bin;C:\\Python", folders: ["c:\\w"] } as const;
  assert.equal(onPath("glosswright", places), "C:\\Python\\glosswright.exe");
});

for (const [file, folder, inside] of [
  ["/w/a", "/w", true],
  ["/w", "/w", true],
  ["/w2/a", "/w", false],
  ["/", "/w", false],
  ["/w/..a", "/w", true],
] as const) {
  test(`${file} is ${inside ? "" : "not "}in ${folder}`, () => assert.equal(isInside(file, folder, "linux"), inside));
}

test("the first that answers is chosen, and what did not answer is told", async () => {
  const found = candidates({ ...NOTHING, active: "/a/python", own: "/o/python" });
  const { launch, refused } = await choose(found, (candidate) =>
    Promise.resolve(candidate.origin === "active" ? new Error("not there") : "1.2"),
  );
  assert.deepEqual(launch, { origin: "private", command: "/o/python", args: ["-m", "glosswright_server"], version: "1.2" });
  assert.deepEqual(refused.map(({ candidate, reason }) => [candidate.command, reason]), [["/a/python", "not there"]]);
});

test("with none there is none", async () => {
  assert.deepEqual(await choose([], () => Promise.resolve("1")), { launch: undefined, refused: [] });
});
