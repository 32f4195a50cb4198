// What the passkey scripts share: bytes as text, one way to ask our server, one way to ask the browser.

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const words = document.getElementById("passkey-words").dataset;

/** Something to tell the person; `slug` names the server's refusal, `code` is what went wrong here. */
export class Trouble extends Error {
  constructor(message, slug = "") {
    super(message);
    this.slug = slug;
  }
}

/** Send JSON to one of our own endpoints; the form's hidden field proves that the page is ours. */
export async function send(path, body, form) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Trouble(words.offline);
  }
  const json = (answer.headers.get("Content-Type") || "").includes("json") ? await answer.json() : {};
  if (answer.ok) return json;
  const slug = (json.type || "").split("/").pop();
  throw new Trouble(words[slug.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())] || words.refused, slug);
}

function named(list) {
  return (list || []).map((key) => ({ ...key, id: toBytes(key.id) }));
}

async function ask(call) {
  if (!window.PublicKeyCredential || !navigator.credentials) throw new Trouble(words.unsupported);
  try {
    return await call();
  } catch (error) {
    throw new Trouble(error.name === "InvalidStateError" ? words.already : words.cancelled);
  }
}

/** Let the browser make a passkey; the answer is ready to be sent. */
export async function make(options) {
  const made = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: { ...options.user, id: toBytes(options.user.id) },
        excludeCredentials: named(options.excludeCredentials),
      },
    }),
  );
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
    },
  };
}

/** Let the browser ask a passkey; the answer is ready to be sent. */
export async function get(options) {
  const given = await ask(() =>
    navigator.credentials.get({
      publicKey: { ...options, challenge: toBytes(options.challenge), allowCredentials: named(options.allowCredentials) },
    }),
  );
  const { clientDataJSON, authenticatorData, signature, userHandle } = given.response;
  return {
    id: given.id,
    rawId: toText(given.rawId),
    type: given.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      ...(userHandle ? { userHandle: toText(userHandle) } : {}),
    },
  };
}

/** Confirm with a passkey; nothing is asked when one has just said yes and there is nothing to bind it to. */
export async function stepUp(form, binding) {
  const asked = await send("/step-up/begin", binding ? { binding } : {}, form);
  if (!asked.fresh) await send("/step-up/finish", { credential: await get(asked.publicKey) }, form);
}

/** Run `work` while the form shows that it waits; troubles are said beside its button. */
export async function busy(form, button, work) {
  let status = form.querySelector("[data-passkey-status]");
  if (!status) {
    status = document.createElement("p");
    status.dataset.passkeyStatus = "";
    status.setAttribute("role", "status");
    form.append(status);
  }
  form.setAttribute("aria-busy", "true");
  button?.setAttribute("aria-busy", "true");
  status.className = "hint";
  status.textContent = words.asking;
  try {
    await work();
    status.textContent = "";
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (error.slug === "unauthenticated") window.location.assign("/sign-in");
    if (error.slug === "passkey-needed") {
      const back = encodeURIComponent(window.location.pathname + window.location.search);
      window.location.assign(`/settings/passkeys?needed=1&next=${back}`);
    }
    status.className = "notice notice--warn";
    status.textContent = error.message;
    form.removeAttribute("aria-busy");
    button?.removeAttribute("aria-busy");
  }
}
