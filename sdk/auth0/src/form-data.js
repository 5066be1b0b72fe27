// FormData (XMLHttpRequest Standard), of texts.
export class FormData {
  #entries = [];
  append(name, value) {
    this.#entries.push([String(name), String(value)]);
  }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  delete(name) {
    this.#entries = this.#entries.filter(([key]) => key !== name);
  }
  get(name) {
    return this.#entries.find(([key]) => key === name)?.[1] ?? null;
  }
  getAll(name) {
    return this.#entries.filter(([key]) => key === name).map(([, value]) => value);
  }
  has(name) {
    return this.#entries.some(([key]) => key === name);
  }
  entries() {
    return this.#entries[Symbol.iterator]();
  }
  keys() {
    return this.#entries.map(([key]) => key)[Symbol.iterator]();
  }
  values() {
    return this.#entries.map(([, value]) => value)[Symbol.iterator]();
  }
  forEach(callback, self) {
    for (const [name, value] of this.#entries) callback.call(self, value, name, this);
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}
