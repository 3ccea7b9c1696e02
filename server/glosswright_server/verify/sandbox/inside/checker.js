// Evaluates JavaScript examples, one command at a time, and describes what came; see checker.py, whose commands and
// answers these are. Everything it uses is taken before the code under test is read.
"use strict";
{
  const fs = require("node:fs");
  const vm = require("node:vm");
  const util = require("node:util");
  const { Console } = require("node:console");
  const { Writable } = require("node:stream");
  const [commands, answers] = process.argv.slice(2).map(Number);
  const MOST_PARTS = 20000, MOST_DEPTH = 100, MOST_TEXT = 100000, MOST_REPR = 4000, MOST_PRINTED = 65536;

  const { isDeepStrictEqual, inspect, types } = util;
  const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
  const { apply, ownKeys } = Reflect;
  const { isArray } = Array;
  const call = (f, self, ...rest) => apply(f, self, rest);
  const toHex = Buffer.prototype.toString;
  const hexed = ((from) => (text) => call(toHex, from(text, "utf8"), "hex"))(Buffer.from);
  
  const read = fs.readSync, write = fs.writeSync, leave = process.reallyExit.bind(process);
  const BufferFrom = Buffer.from, concat = Buffer.concat;
  const runScript = vm.Script.prototype.runInThisContext, Script = vm.Script;
  const mapEntries = Map.prototype.entries, setValues = Set.prototype.values;
  const mapNext = getPrototypeOf(new Map().entries()).next, setNext = getPrototypeOf(new Set().values()).next;
  const numberText = Number.prototype.toString, bigText = BigInt.prototype.toString;
  const then = Promise.prototype.then;
  const NewString = String, SyntaxErrorClass = SyntaxError;

  // A number in the form that Python's float.fromhex reads; 17 digits in decimal lose nothing either.
  const number = (value) => (value !== value ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : bits(value));
  const view = new DataView(new ArrayBuffer(8));
  const setFloat = DataView.prototype.setFloat64, getBig = DataView.prototype.getBigUint64;
  const bits = (value) => {
    call(setFloat, view, 0, value);
    const raw = call(getBig, view, 0);
    const sign = raw >> 63n ? "-" : "", power = (raw >> 52n) & 0x7ffn, rest = raw & 0xfffffffffffffn;
    const digits = call(bigText, rest | 0x10000000000000n, 16);
    let low = "";
    for (let at = 1; at < digits.length; at++) low += digits[at];
    if (power === 0n) return `${sign}0x0.${low}p-1022`;
    return `${sign}0x1.${low}p${power - 1023n}`;
  };

  function describe(value) {
    let parts = MOST_PARTS, text = MOST_TEXT;
    const shown = (v) => {
      let found;
      try { found = inspect(v, { depth: 4, customInspect: false, getters: false, showProxy: true }); } catch { found = "<cannot be shown>"; }
      let cut = "";
      for (let at = 0; at < found.length && at < MOST_REPR && text > 0; at++, text--) cut += found[at];
      return hexed(cut);
    };
    const other = (v, name) => ["o", hexed(name), shown(v)];
    const tree = (v, depth) => {
      if (--parts < 0) return ["x", "size"];
      if (depth > MOST_DEPTH) return ["x", "depth"];
      switch (typeof v) {
        case "undefined": return ["U"];
        case "boolean": return [v ? "T" : "F"];
        case "number": return ["f", number(v)];
        case "string": return (text -= v.length) < 0 ? ["x", "size"] : ["s", hexed(v)];
        case "bigint": { const t = call(bigText, v, 10); return (text -= t.length) < 0 ? ["x", "size"] : ["n", hexed(t)]; }
        case "symbol": return other(v, "Symbol");
        case "function": return other(v, "Function");
      }
      if (v === null) return ["N"];
      if (types.isProxy(v)) return other(v, "Proxy");
      const found = [];
      if (isArray(v)) {
        found[0] = "l";
        for (let at = 0; at < v.length; at++) {
          if (parts < 0) return ["x", "size"];
          found[at + 1] = tree(v[at], depth + 1);
        }
        return found;
      }
      if (types.isMap(v) || types.isSet(v)) {
        const map = types.isMap(v);
        const walk = map ? call(mapEntries, v) : call(setValues, v);
        found[0] = map ? "m" : "S";
        for (let step = call(map ? mapNext : setNext, walk); !step.done; step = call(map ? mapNext : setNext, walk)) {
          if (parts < 0) return ["x", "size"];
          if (map) { found[found.length] = tree(step.value[0], depth + 1); found[found.length] = tree(step.value[1], depth + 1); }
          else found[found.length] = tree(step.value, depth + 1);
        }
        return found;
      }
      const above = getPrototypeOf(v);
      if (above !== null && above !== Object.prototype) return other(v, className(v));
      found[0] = "d";
      const keys = ownKeys(v);
      for (let at = 0; at < keys.length; at++) {
        if (parts < 0) return ["x", "size"];
        const property = getOwnPropertyDescriptor(v, keys[at]);
        if (typeof keys[at] !== "string" || !("value" in property)) return other(v, "Object");
        if (!property.enumerable) continue;
        found[found.length] = tree(keys[at], depth + 1);
        found[found.length] = tree(property.value, depth + 1);
      }
      return found;
    };
    return tree(value, 0);
  }

  function className(v) {
    try { const name = getPrototypeOf(v).constructor.name; return typeof name === "string" ? name : "Object"; } catch { return "Object"; }
  }

  function describeError(why) {
    const classes = [];
    let message = "", errno = null, named = false, missing = "";
    try {
      if (why !== null && typeof why === "object" && !types.isProxy(why)) {
        for (let above = getPrototypeOf(why); above && classes.length < 20; above = getPrototypeOf(above)) {
          const maker = getOwnPropertyDescriptor(above, "constructor");
          if (maker && typeof maker.value === "function") classes[classes.length] = hexed(NewString(maker.value.name));
        }
        const said = NewString(why.message);
        for (let at = 0; at < said.length && at < 2000; at++) message += said[at];
        const code = why.code;
        if (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") missing = (/'([^']*)'/.exec(said) || ["", "?"])[1];
        if (typeof why.errno === "number" && why.syscall !== undefined) errno = -why.errno | 0;
        if (code === "ERR_ACCESS_DENIED") errno = 13;
        named = typeof why.path === "string" || code === "ERR_ACCESS_DENIED";
        // `fetch` says in its cause that there is no network, and a look-up says that it should be tried again.
        for (let one = why, depth = 0; one !== null && typeof one === "object" && depth < 4; one = one.cause, depth++) {
          if (one.syscall === "getaddrinfo" || one.syscall === "connect" || one.syscall === "socket") errno = 1;
        }
      } else {
        classes[0] = hexed(className(why));
        message = inspect(why);
      }
    } catch { message = message || "?"; }
    return ["raised", classes, hexed(message), errno, named, hexed(missing)];
  }

  let printed = [], room = MOST_PRINTED;
  const keep = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      const text = NewString(chunk);
      let kept = "";
      for (let at = 0; at < text.length && room > 0; at++, room--) kept += text[at];
      printed[printed.length] = kept;
      done();
    },
  });
  globalThis.console = new Console({ stdout: keep, stderr: keep, colorMode: false });
  globalThis.require = require;
  globalThis.module = { exports: {} };
  globalThis.exports = globalThis.module.exports;

  let waiting = BufferFrom("");
  const chunk = Buffer.alloc(65536);
  const indexOf = Buffer.prototype.indexOf, subarray = Buffer.prototype.subarray;
  function receive() {
    let end;
    while ((end = call(indexOf, waiting, 10)) < 0) {
      const count = read(commands, chunk, 0, 65536, null);
      if (count === 0) leave(0);
      waiting = concat([waiting, call(subarray, chunk, 0, count)]);
    }
    const line = call(toHex, call(subarray, waiting, 0, end), "latin1");
    waiting = call(subarray, waiting, end + 1);
    const words = [];
    let word = "";
    for (let at = 0; at <= line.length; at++) {
      if (at < line.length && line[at] !== " ") word += line[at];
      else { words[words.length] = call(toHex, BufferFrom(word, "hex"), "utf8"); word = ""; }
    }
    return words;
  }
  function answer(record) {
    // No toJSON of the code's may speak here: the record is made of arrays and texts without prototypes' help.
    let data = BufferFrom(json(record) + "\n", "latin1");
    while (data.length > 0) data = call(subarray, data, write(answers, data, 0, data.length, null));
  }
  function json(v) {
    if (!isArray(v)) return typeof v === "string" ? '"' + v + '"' : NewString(v);
    let text = "[";
    for (let at = 0; at < v.length; at++) text += (at ? "," : "") + json(v[at]);
    return text + "]";
  }
  const run = (source, name) => call(runScript, new Script(source, { filename: name }));
  const awaits = ((test) => (source) => call(test, /\bawait\b/, source))(RegExp.prototype.test);
  function evaluate(source) {
    let script;
    if (awaits(source)) source = "(async () => (" + source + "\n))()";
    try { script = new Script("(" + source + "\n)", { filename: "<example>" }); } catch (why) {
      if (!(why instanceof SyntaxErrorClass)) throw why;
      script = new Script(source, { filename: "<example>" });
    }
    return call(runScript, script);
  }
  let last;
  async function work(op, words) {
    if (op === "load") { run(words[0], "<program>"); return undefined; }
    if (op === "run") {
      last = undefined;
      if (words[1]) run(words[1], "<setup>");
      let value = words[2] ? evaluate(words[2]) : undefined;
      if (types.isPromise(value)) value = await value;
      if (words[3] === "prints") value = undefined;
      last = value;
      return value;
    }
    let wanted = evaluate(words[1]);
    if (types.isPromise(wanted)) wanted = await wanted;
    return { same: wanted };
  }

  let failed = () => leave(70);
  process.on("uncaughtException", (why) => failed(why));
  process.on("unhandledRejection", () => {});
  function step() {
    const [op, token, ...words] = receive();
    printed = [];
    room = MOST_PRINTED;
    let answered = false;
    const close = (record) => {
      if (answered) return;
      answered = true;
      answer([token, ...record]);
      setImmediate_(step);
    };
    const done = (value) => {
      let record;
      try {
        if (op === "same") {
          const alike = isDeepStrictEqual(last, value.same);
          record = ["value", ["t", describe(value.same), [alike ? "T" : "F"]], ""];
        } else {
          const tree = describe(value);
          let text = "";
          for (let at = 0; at < printed.length; at++) text += printed[at];
          record = ["value", tree, hexed(text)];
        }
      } catch (why) { record = describeError(why); }
      close(record);
    };
    // What nobody catches, an event without a listener for one, counts for the example that is waited for.
    failed = (why) => close(describeError(why));
    call(then, work(op, words), done, failed);
  }
  const setImmediate_ = setImmediate;
  setInterval(() => {}, 0x7fffffff); // a promise that never settles is waited for, not the end
  write(answers, '["ready"]\n');
  step();
}
