// A certified OpenID provider in Dex's clothes, for tests: TLS, code flow with PKCE, groups and the connector in the ID token.
// Everything about people and time can be changed while it runs, by POST /control with {users, shift, silent, rotate}.
import https from "node:https";
import fs from "node:fs";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, certificate, key, redirect, secret] = process.argv.slice(2);
const issuer = `https://127.0.0.1:${port}/dex`;
const state = { users: {}, shift: 0, silent: false };
const signingKey = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  kid: randomUUID(), use: "sig", alg: "RS256",
});

const build = () => new Provider(issuer, {
  jwks: { keys: [signingKey()] },
  clients: [
    { client_id: "portal", client_secret: secret, token_endpoint_auth_method: "client_secret_basic" },
    { client_id: "portal-public", token_endpoint_auth_method: "none" },
  ].map((client) => ({ ...client, redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] })),
  findAccount: (ctx, id) => state.users[id] && ({ accountId: id, claims: () => ({ sub: id, ...state.users[id] }) }),
  claims: {
    openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups", "hasgroups"], "federated:id": ["federated_claims"],
  },
  scopes: ["openid", "email", "profile", "groups", "federated:id"],
  conformIdTokenClaims: false, // put the scopes' claims into the ID token, as Dex does
  pkce: { required: () => true },
  cookies: { keys: [randomUUID()] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
  loadExistingGrant: async (ctx) => { // no consent page, as Dex with skipApprovalScreen
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid email profile groups federated:id");
    await grant.save();
    return grant;
  },
  ttl: { AccessToken: 600, IdToken: 600, Session: 600, Interaction: 600, Grant: 600, AuthorizationCode: 600 },
});

let provider = build();
const now = Date.now;
const json = async (request) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
};

https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }, async (request, response) => {
  if (request.url === "/control") {
    const wanted = JSON.parse(await json(request));
    if (wanted.rotate) provider = build();
    Object.assign(state, wanted);
    return response.end("{}");
  }
  if (state.silent) return; // the connection stays open, and nothing comes
  try {
    if (request.url.startsWith("/login/")) {
      const details = await provider.interactionDetails(request, response);
      const form = new URLSearchParams(await json(request));
      const result = state.users[form.get("login")]
        ? { login: { accountId: form.get("login") } }
        : { error: "access_denied", error_description: "<script>alert(1)</script>" };
      if (request.method === "POST") return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      return response.end(`<form method=post action="/login/${details.uid}"><input name=login></form>`);
    }
    request.originalUrl = request.url;
    request.url = request.url.replace(/^\/dex/, "") || "/";
    const isToken = request.url.startsWith("/token");
    if (isToken) Date.now = () => now() + state.shift * 1000; // the clock of what is signed
    response.on("finish", () => { Date.now = now; });
    return await provider.callback()(request, response);
  } catch (error) {
    Date.now = now;
    response.statusCode = 500;
    return response.end(String(error));
  }
}).listen(+port, "127.0.0.1", () => console.log("ready"));
