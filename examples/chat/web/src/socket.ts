import { io } from "socket.io-client";

const server = new URLSearchParams(location.search).get("server") ?? "http://localhost:8080";

// One socket for the whole page. It waits for `connect()`, so that no event can come before
// there is somebody to listen.
export const socket = io(server, { autoConnect: false });
