// URL and URLSearchParams (WHATWG URL).
export { URL, URLSearchParams } from "whatwg-url-minimum";
