exports.onExecutePostLogin = async (event, api) => {
  const text = Buffer.from("Grüße 🌍");
  api.idToken.setCustomClaim("https://acme.example/buffer", [
    text.toString("base64"), text.toString("base64url"), text.toString("hex"), text.length, Buffer.from("aGk", "base64").toString(), Buffer.from("_-8", "base64url").toString("hex"),
    Buffer.concat([Buffer.from([1, 2]), Buffer.alloc(2)]).toString("hex"), Buffer.byteLength("é"), Buffer.from("ff", "hex")[0], Buffer.compare(Buffer.from("a"), Buffer.from("b")),
    Buffer.isBuffer(text), JSON.stringify(Buffer.from("x")),
  ]);
};
