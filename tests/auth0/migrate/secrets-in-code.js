// Stand-ins in the form of secrets. None was ever one.
const jwt = require("jsonwebtoken");
const SIGNING_KEY = "correct-horse-battery";
const pem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
-----END PRIVATE KEY-----`;

exports.onExecutePostLogin = async (event, api) => {
  const assertion = jwt.sign({ sub: event.user.user_id }, "a secret of the team");
  const other = jwt.sign({ sub: event.user.user_id }, SIGNING_KEY);
  const response = await fetch("https://api.acme.example/risk", {
    headers: {
      authorization: "Bearer 0123456789abcdef",
      "x-api-key": "9f86d081884c7d659a2feaa0c55ad015",
      "x-token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.",
    },
    body: JSON.stringify({ password: "hunter2-hunter2", assertion, other, pem }),
  });
  await fetch("https://team:letmein1@intern.acme.example/audit");
  if (!response.ok) api.access.deny("the risk service is away");
};
