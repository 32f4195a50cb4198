// "Check the log": what a browser can check for itself. The signature of the published checkpoint, that the log only
// grew since this browser last looked, and, on the page of an exposure, that its proof leads to a signed checkpoint.
// What was seen is kept in this browser alone. The formats are C2SP's; the same checks are in privacy/verify.py.

const KEPT = "paravent.log";
const HASH_BYTES = 32;
const LEAF_BYTES = 37;
const ED25519 = 1;

const utf8 = new TextEncoder();
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const node = (left, right) => sha256(Uint8Array.of(1), left, right);
const same = (one, other) => one.length === other.length && one.every((byte, place) => byte === other[place]);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

class Refused extends Error {}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bytes(base64) {
  const raw = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  if (btoa(String.fromCharCode(...raw)) !== base64) throw new Refused("base64");
  return raw;
}

function number(value, width) {
  const whole = new Uint8Array(width);
  for (let place = width - 1, rest = value; place >= 0; place -= 1, rest = Math.floor(rest / 256)) whole[place] = rest % 256;
  return whole;
}

async function text(url) {
  const answer = await fetch(url, { cache: "no-store", credentials: "same-origin" });
  if (!answer.ok) throw new Refused(`${url}: ${answer.status}`);
  return answer.text();
}

async function readKeys() {
  const lines = (await text("/log/key")).trimEnd().split("\n");
  return Promise.all(lines.map(async (line) => {
    const [name, id] = line.split("+", 2);
    const raw = bytes(line.slice(name.length + id.length + 2));
    const expected = (await sha256(utf8.encode(`${name}\n`), raw)).slice(0, 4);
    if (hex(expected) !== id) throw new Refused("key");
    return { name, id: expected, kind: raw[0], raw: raw.slice(1), line };
  }));
}

// Gives size, root, which key has signed and which witnesses when; null for `signedBy` where this browser has no Ed25519.
async function readCheckpoint(note, keys) {
  const cut = note.indexOf("\n\n");
  const body = note.slice(0, cut + 1);
  const [origin, size, root] = body.split("\n");
  let signedBy = null;
  let canVerify = true;
  const witnesses = [];
  for (const line of note.slice(cut + 2).trimEnd().split("\n")) {
    const name = line.slice(2, line.lastIndexOf(" "));
    const raw = bytes(line.slice(line.lastIndexOf(" ") + 1));
    const key = keys.find((one) => one.name === name && same(one.id, raw.slice(0, 4)));
    if (!key) throw new Refused("signature");
    let message = utf8.encode(body);
    let signature = raw.slice(4);
    let time = 0;
    if (key.kind !== ED25519) {
      time = signature.slice(0, 8).reduce((sum, byte) => sum * 256 + byte, 0);
      message = joined(utf8.encode(`cosignature/v1\ntime ${time}\n`), message);
      signature = signature.slice(8);
    }
    const holds = await verified(key.raw, signature, message);
    if (holds === false) throw new Refused("signature");
    if (holds === null) canVerify = false;
    if (key.kind !== ED25519) witnesses.push({ name, at: new Date(time * 1000) });
    else if (name === origin) signedBy = key.line;
  }
  if (signedBy === null) throw new Refused("signature");
  return { size: Number(size), root: bytes(root), signedBy, canVerify, witnesses };
}

// Whether it holds; null where this browser has no Ed25519.
async function verified(raw, signature, message) {
  let key;
  try {
    key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

// RFC 9162, 2.1.4.2.
async function onlyGrew(old, now) {
  if (now.size < old.size) return false;
  if (now.size === old.size) return same(old.root, now.root);
  if (old.size === 0) return true;
  const proof = JSON.parse(await text(`/log/consistency/${old.size}/${now.size}`)).proof.map(bytes);
  let first = old.size - 1;
  let second = now.size - 1;
  while (first % 2) [first, second] = [Math.floor(first / 2), Math.floor(second / 2)];
  const path = first === 0 ? [old.root, ...proof] : proof;
  if (!path.length) return false;
  let [before, after] = [path[0], path[0]];
  for (const one of path.slice(1)) {
    if (second === 0) return false;
    if (first % 2 || first === second) {
      [before, after] = [await node(one, before), await node(one, after)];
      while (first && first % 2 === 0) [first, second] = [Math.floor(first / 2), Math.floor(second / 2)];
    } else {
      after = await node(after, one);
    }
    [first, second] = [Math.floor(first / 2), Math.floor(second / 2)];
  }
  return second === 0 && same(before, old.root) && same(after, now.root);
}

// RFC 9162, 2.1.3.2.
async function leadsTo(root, leaf, index, size, path) {
  let found = await sha256(Uint8Array.of(0), leaf);
  let [here, last] = [index, size - 1];
  for (const one of path) {
    if (last === 0) return false;
    if (here % 2 || here === last) {
      found = await node(one, found);
      while (here && here % 2 === 0) [here, last] = [Math.floor(here / 2), Math.floor(last / 2)];
    } else {
      found = await node(found, one);
    }
    [here, last] = [Math.floor(here / 2), Math.floor(last / 2)];
  }
  return last === 0 && same(found, root);
}

async function leafOf(extra) {
  const said = JSON.parse(new TextDecoder().decode(bytes(extra)));
  const previous = bytes(said.previous);
  if (previous.length !== LEAF_BYTES) throw new Refused("extra");
  const record = await sha256(utf8.encode(said.record));
  const facts = JSON.parse(said.record);
  const hours = Math.floor(Date.parse(facts.at) / 3_600_000);
  const key = await crypto.subtle.importKey("raw", bytes(said.r), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const message = joined(number(said.counter, 8), previous, record);
  const commitment = new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
  return { leaf: joined(Uint8Array.of(1), number(hours, 4), commitment), facts };
}

async function checkProof(url, exposure, shown, keys) {
  const whole = await text(url);
  const cut = whole.indexOf("\n\n");
  const [format, extra, index, ...path] = whole.slice(0, cut).split("\n");
  if (format !== "c2sp.org/tlog-proof@v1") throw new Refused("format");
  const checkpoint = await readCheckpoint(whole.slice(cut + 2), keys);
  const { leaf, facts } = await leafOf(extra.slice("extra ".length));
  const body = hex(await sha256(utf8.encode(shown)));
  if (facts.id !== exposure || facts.kept !== body) return false;
  const hashes = path.map(bytes);
  if (hashes.some((one) => one.length !== HASH_BYTES)) return false;
  return leadsTo(checkpoint.root, leaf, Number(index.slice("index ".length)), checkpoint.size, hashes);
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT));
    return found && { size: found.size, root: bytes(found.root), key: found.key, at: found.at };
  } catch {
    return null;
  }
}

function keep(checkpoint) {
  try {
    const root = btoa(String.fromCharCode(...checkpoint.root));
    const seen = { size: checkpoint.size, root, key: checkpoint.signedBy, at: new Date().toISOString() };
    localStorage.setItem(KEPT, JSON.stringify(seen));
  } catch {
    // A browser that keeps nothing checks what it can.
  }
}

function start(panel) {
  const words = panel.dataset;
  const list = panel.querySelector("[data-findings]");
  const button = panel.querySelector("button");
  const say = (kind, sentence) => {
    const line = document.createElement("li");
    line.dataset.kind = kind;
    line.textContent = sentence;
    list.append(line);
  };

  const day = (at) => at.toLocaleString(document.documentElement.lang);

  async function checkWitnesses(seen, now) {
    const isBeginning = await onlyGrew(seen, now);
    for (const { name, at } of seen.witnesses) {
      const sentence = isBeginning ? words.witnessed : words.witnessDiffers;
      say(isBeginning ? "ok" : "bad", sentence.replace("{name}", name).replace("{day}", day(at)));
    }
  }

  async function check() {
    // In this order: what witnesses have signed is never longer than what is published, and every key is known.
    const signed = await text("/log/witnessed");
    const published = await text("/log/checkpoint");
    const keys = await readKeys();
    const now = await readCheckpoint(published, keys);
    say(now.canVerify ? "ok" : "open", now.canVerify ? words.signed : words.noEd25519);
    if (!signed) say("open", words.notWitnessed);
    else await checkWitnesses(await readCheckpoint(signed, keys), now);
    const before = kept();
    if (before && !keys.some((one) => one.line === before.key)) say("bad", words.otherKey);
    const grew = !before || await onlyGrew(before, now);
    if (!before) say("ok", words.first);
    else say(grew ? "ok" : "bad", (grew ? words.grew : words.rewritten).replace("{day}", day(new Date(before.at))));
    if (grew && now.canVerify) keep(now);
    if (words.proof) {
      const shown = document.getElementById("bytes").textContent;
      const holds = await checkProof(words.proof, words.exposure, shown, keys);
      say(holds ? "ok" : "bad", holds ? words.proved : words.notProved);
    }
  }

  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    list.replaceChildren();
    try {
      await check();
    } catch (error) {
      say("bad", `${words.failed} (${error.message})`);
    }
    button.disabled = false;
  });
}

for (const panel of document.querySelectorAll("[data-check-log]")) start(panel);
