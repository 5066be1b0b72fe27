exports.onExecutePostLogin = async (event, api) => {
  const map = new Map([["a", 1]]);
  const set = new Set([1, 1, 2]);
  const { a = 5, ...rest } = { b: 2, c: 3 };
  const spread = [...set, ...Object.values(rest)];
  let count = null;
  count ??= 3;
  label: for (const one of spread) for (;;) if (one > 1) break label; else break;
  const tagged = ((strings, ...values) => strings.raw.join("|") + values.join(","))`x${1}y${2}`;
  api.idToken.setCustomClaim("https://acme.example/language", [map.get("a"), a, spread, count, tagged, 2 ** 10, 0b11, 1_000, [3, 1, 2].toSorted(), [1, 2].at(-1), Object.fromEntries([["k", 1]]), "ab".padStart(4, "*"), structuredClone({ x: [1] }), `${10n ** 20n}`, [1, [2, [3]]].flat(Infinity), "x".replaceAll("x", "y")]);
};
