// The module `querystring`: the package querystring-es3, and the two functions that it lacks.
import querystring from "querystring-es3";

export const { decode, encode, parse, stringify } = querystring;
export const escape = encodeURIComponent;
export const unescape = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
export default { decode, encode, escape, parse, stringify, unescape };
