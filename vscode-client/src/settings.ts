/**
 * What of the user's settings goes to the server, when, and what is changed on the way.
 *
 * Start-up only settings (those that package.json lists as restricted) go with `initialize` and never later; the
 * extension's own are kept back; in a workspace that is not trusted no example is run, whatever the settings say.
 */

/** Settings of the extension itself, unknown to the server. */
export const OWN_SECTION = "server";
/** Environment variable in which the server finds the endpoint's key. */
export const KEY_VARIABLE = "GLOSSWRIGHT_ENDPOINT_KEY";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Section = Record<string, Json>;

/** Everything at `initialize`. `hasKey`: the endpoint's key will stand in KEY_VARIABLE. */
export function initializationOptions(section: Section, trusted: boolean, hasKey: boolean): Section {
  const options = withoutOwn(section);
  if (!trusted) {
    options.verify = { ...objectAt(options, "verify"), runExamples: "never" };
  }
  if (hasKey) {
    options.endpoint = { ...objectAt(options, "endpoint"), apiKeyEnv: KEY_VARIABLE };
  }
  return { ...options, statusNotifications: true };
}

/** The answer to `workspace/configuration`: what may change while the server runs. */
export function laterConfiguration(section: Section, restricted: readonly string[]): Section {
  const answer = withoutOwn(section);
  for (const name of restricted) {
    const [group = "", leaf] = name.split(".");
    const values = answer[group];
    if (leaf === undefined) {
      Reflect.deleteProperty(answer, group);
    } else if (isObject(values)) {
      answer[group] = Object.fromEntries(Object.entries(values).filter(([key]) => key !== leaf));
    }
  }
  return answer;
}

/** The names of restricted settings without the extension's prefix, the server's only. */
export function restrictedNames(manifest: unknown): string[] {
  const trust = objectAt(objectAt(manifest, "capabilities"), "untrustedWorkspaces").restrictedConfigurations;
  const names = Array.isArray(trust) ? trust.filter((name): name is string => typeof name === "string") : [];
  return names
    .map((name) => name.replace(/^glosswright\./, ""))
    .filter((name) => !name.startsWith(`${OWN_SECTION}.`));
}

/** Under which name the key of an endpoint is kept: each server has its own, so that no key goes to another one. */
export function keyName(endpoint: string): string | undefined {
  try {
    const { origin, protocol } = new URL(endpoint);
    return protocol === "http:" || protocol === "https:" ? `endpoint-key:${origin}` : undefined;
  } catch {
    return undefined;
  }
}

function withoutOwn(section: Section): Section {
  return Object.fromEntries(Object.entries(section).filter(([name]) => name !== OWN_SECTION));
}

function objectAt(value: unknown, name: string): Section {
  const found: unknown = isObject(value) ? value[name] : undefined;
  return isObject(found) ? found : {};
}

function isObject(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
