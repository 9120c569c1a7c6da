// Between JSON, in which bytes are base64url, and what browsers hand to authenticators.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What `navigator.credentials` takes, from the options as JSON has them. */
export function decoded(options) {
  const ids = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  const found = { ...options, challenge: bytes(options.challenge) };
  if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) found.excludeCredentials = ids(options.excludeCredentials);
  if (options.allowCredentials) found.allowCredentials = ids(options.allowCredentials);
  return found;
}

const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

/** What the server takes, from the credential that the device gave. */
export function encoded(credential) {
  const response = {};
  for (const part of PARTS) if (credential.response[part]) response[part] = text(credential.response[part]);
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}
