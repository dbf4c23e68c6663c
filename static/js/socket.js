// One WebSocket that comes back by itself: exponential back-off with full jitter.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
// Codes that a repeat would only meet again: malformed, signed out, gone, too many symbols.
const FINAL_CODES = new Set([1008, 4400, 4401, 4404, 4413]);

export class ReconnectingSocket extends EventTarget {
  #path;
  #socket = null;
  #failures = 0;
  #timer = 0;
  #isWanted = false;

  constructor(path) {
    super();
    this.#path = path;
    // The network says it is back: there is no reason to wait out the delay.
    window.addEventListener("online", () => this.#isWanted && !this.isOpen && this.#connect());
    let rests = false; // out of sight
    window.addEventListener("pagehide", () => {
      rests = this.#isWanted;
      this.close();
    });
    window.addEventListener("pageshow", () => rests && this.open());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#connect();
  }

  close() {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /** Drop the connection and make a new one, which starts from a fresh snapshot. */
  renew() {
    this.#socket?.close(1000);
  }

  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#announce("connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.#path}`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#announce("open");
    });
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      this.#failures = 0;
      this.dispatchEvent(new CustomEvent("frame", { detail: JSON.parse(event.data) }));
    });
    socket.addEventListener("close", (event) => this.#ended(socket, event));
  }

  #ended(socket, { code, reason }) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (!this.#isWanted) return;
    this.#announce("lost");
    if (FINAL_CODES.has(code)) return this.dispatchEvent(new CustomEvent("refused", { detail: reason }));
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), ceiling * (0.5 + Math.random() / 2));
  }

  #announce(state) {
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
