// The module `url`: the package of that name, with the classes of the web.
import legacy from "url/";
import { URL, URLSearchParams } from "whatwg-url-minimum";

export { URL, URLSearchParams };
export const { Url, format: formatLegacy, parse, resolve, resolveObject } = legacy;
export const format = (url, ...rest) => (url instanceof URL ? url.href : formatLegacy(url, ...rest));
export const domainToASCII = (domain) => new URL(`https://${domain}`).hostname;
export const domainToUnicode = (domain) => domain;
export const fileURLToPath = (url) => new URL(url).pathname;
export const pathToFileURL = (path) => new URL(`file://${path}`);
export const urlToHttpOptions = ({ protocol, hostname, port, pathname, search }) => ({ protocol, hostname, port, path: `${pathname}${search}` });
export default { URL, URLSearchParams, Url, domainToASCII, domainToUnicode, fileURLToPath, format, parse, pathToFileURL, resolve, resolveObject, urlToHttpOptions };
