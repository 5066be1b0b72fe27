// URL and URLSearchParams (WHATWG URL).
import { URL, URLSearchParams } from "whatwg-url-minimum";

export { URL, URLSearchParams, URL as "globalThis.URL", URLSearchParams as "globalThis.URLSearchParams" };
