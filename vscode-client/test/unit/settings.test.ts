/** What goes to the server decides where code goes: each promise about trust and secrets is held here. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { initializationOptions, keyName, laterConfiguration, restrictedNames } from "../../src/settings";

const manifest: unknown = JSON.parse(readFileSync("package.json", "utf8"));
const SECTION = {
  server: { python: "/p" },
  enabled: true,
  inline: { enabled: false },
  verify: { runExamples: "always", timeoutMs: 9 },
  model: { name: "big", backend: "auto" },
  endpoint: { url: "http://gpu:8000", apiKeyEnv: "" },
};

test("the extension's own settings stay here", () => {
  assert.equal("server" in initializationOptions(SECTION, true, false), false);
  assert.equal("server" in laterConfiguration(SECTION, []), false);
});

test("a trusted workspace gets what the user set, and the status is asked for", () => {
  const options = initializationOptions(SECTION, true, false);
  assert.deepEqual(options.verify, SECTION.verify);
  assert.deepEqual(options.endpoint, SECTION.endpoint);
  assert.equal(options.statusNotifications, true);
});

test("in an untrusted one no example is run, whatever the settings say", () => {
  assert.deepEqual(initializationOptions(SECTION, false, false).verify, { runExamples: "never", timeoutMs: 9 });
  assert.deepEqual(initializationOptions({}, false, false).verify, { runExamples: "never" });
});

test("a key is named, never sent", () => {
  const options = initializationOptions(SECTION, true, true);
  assert.deepEqual(options.endpoint, { url: "http://gpu:8000", apiKeyEnv: "GLOSSWRIGHT_ENDPOINT_KEY" });
});

test("what is restricted is not sent again later", () => {
  const later = laterConfiguration(SECTION, restrictedNames(manifest));
  assert.deepEqual(later, {
    enabled: true,
    inline: { enabled: false },
    verify: { timeoutMs: 9 },
    model: { backend: "auto" },
    endpoint: {},
  });
});

test("the manifest names every restricted setting, and no workspace can set one", () => {
  const names = restrictedNames(manifest);
  for (const name of ["endpoint.url", "endpoint.apiKeyCommand", "model.name", "verify.python", "verify.runExamples"]) {
    assert.ok(names.includes(name), name);
  }
  const { contributes } = manifest as {
    contributes: { configuration: { properties: Record<string, { scope: string }> }[] };
  };
  const schemas = Object.assign({}, ...contributes.configuration.map((section) => section.properties)) as Record<string, { scope: string }>;
  for (const name of [...names, "server.python"]) {
    assert.equal(schemas[`glosswright.${name}`]?.scope, "machine", name);
  }
});

for (const [endpoint, name] of [
  ["https://host/v1", "endpoint-key:https://host"],
  ["https://host:8443/other", "endpoint-key:https://host:8443"],
  ["http://gpu-box:8000", "endpoint-key:http://gpu-box:8000"],
  ["", undefined],
  ["gpu-box:8000", undefined],
  ["file:///etc/passwd", undefined],
] as const) {
  test(`the key for ${endpoint || "no endpoint"} is kept under ${name ?? "no name"}`, () => assert.equal(keyName(endpoint), name));
}
