// A certified OpenID Connect provider (oidc-provider, from npm) with the addresses of a Keycloak realm, for test_certified_provider.py.
// Arguments: the port, the client's secret, the port of nginx. PACKAGE names the package's entry. Whoever signs in is believed: it is the protocol that is tested.
import http from 'node:http';
import https from 'node:https';

const { default: Provider } = await import(process.env.PACKAGE);
const [port, secret, front] = process.argv.slice(2);
const HOST = 'dashboards.clinic.example';
const ROOT = '/realms/clinic';
const AT = `${ROOT}/protocol/openid-connect`;

// The provider's own requests (back-channel logout) go to nginx on loopback under the name that nginx answers to.
const fetch = (url, options = {}) =>
  new Promise((done, failed) => {
    const { pathname } = new URL(url);
    const headers = { ...Object.fromEntries(new Headers(options.headers)), host: HOST };
    const sent = https.request({ host: '127.0.0.1', port: front, servername: HOST, path: pathname, method: options.method, headers }, (answer) => {
      answer.resume().on('end', () => done(new Response(null, { status: answer.statusCode })));
    });
    sent.on('error', failed).end(options.body?.toString());
  });

const known = (clientId) => ({
  client_id: clientId,
  client_secret: secret,
  redirect_uris: [`https://${HOST}/sign-in/back`],
  post_logout_redirect_uris: [`https://${HOST}/`],
  backchannel_logout_uri: `https://${HOST}/sign-out/from-provider`,
  backchannel_logout_session_required: true,
});

const provider = new Provider(`http://127.0.0.1:${port}${ROOT}`, {
  clients: [known('therapy-process'), known('another-application')],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  conformIdTokenClaims: false, // the user name in the ID token, where Keycloak puts it
  pkce: { required: () => true },
  features: { backchannelLogout: { enabled: true } },
  findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id }) }),
  cookies: { keys: [secret] },
  fetch,
  routes: {
    authorization: '/protocol/openid-connect/auth',
    end_session: '/protocol/openid-connect/logout',
    jwks: '/protocol/openid-connect/certs',
    token: '/protocol/openid-connect/token',
    userinfo: '/protocol/openid-connect/userinfo',
  },
});
provider.on('backchannel.error', (context, error) => console.error('back-channel logout:', error.message));
provider.on('server_error', (context, error) => console.error(error));

const answer = provider.callback();
http
  .createServer((request, response) => {
    request.originalUrl = request.url;
    request.url = request.url.replace(ROOT, '') || '/';
    answer(request, response);
  })
  .listen(Number(port), '127.0.0.1', () => console.log(`ready ${AT}`));
