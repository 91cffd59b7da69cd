import Box from "@mui/material/Box";
import { useState } from "react";
import { ONE_SOCKET } from "./audiences";
import { Composer } from "./components/Composer";
import { Header } from "./components/Header";
import { Identity } from "./components/Identity";
import { Messages } from "./components/Messages";
import { Panel } from "./components/Panel";
import { Receivers } from "./components/Receivers";
import { Rooms } from "./components/Rooms";
import { Wire } from "./components/Wire";
import { useConnection } from "./connection/useConnection";
import { useMessages } from "./connection/useMessages";
import { useName } from "./connection/useName";
import { usePresence } from "./connection/usePresence";
import { useRooms } from "./connection/useRooms";
import { useWire } from "./connection/useWire";
import { type Draft, FIRST_DRAFT } from "./draft";

export function App() {
  const [draft, setDraft] = useState(FIRST_DRAFT);
  const { name, rename } = useName();
  const { rooms, join, leave } = useRooms();
  const presence = usePresence();
  const { messages, delivery, send, forget } = useMessages();
  const wire = useWire();
  // Last, so that everything above listens before the connection opens.
  const connection = useConnection();

  const change = (changes: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changes }));
    forget();
  };

  return (
    <>
      <Header connection={connection} />
      <Box component="main" sx={columns}>
        <Box sx={column}>
          <Panel title="You" order={1}>
            <Identity id={connection.id} name={name} rename={rename} />
            <Rooms
              rooms={rooms}
              isConnected={connection.id !== undefined}
              join={join}
              leave={leave}
            />
          </Panel>
          <Composer
            draft={draft}
            change={change}
            people={presence.people}
            ownId={connection.id}
            delivery={delivery}
            send={send}
          />
          <Receivers
            draft={draft}
            presence={presence}
            ownId={connection.id}
            delivery={delivery}
            address={(id) => change({ audience: ONE_SOCKET, id })}
          />
        </Box>
        <Box sx={column}>
          <Messages messages={messages} ownId={connection.id} />
          <Wire entries={wire.entries} clear={wire.clear} />
        </Box>
      </Box>
    </>
  );
}

const columns = {
  display: "grid",
  gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 1fr) minmax(0, 1fr)" },
  gap: 2,
  maxWidth: 1480,
  mx: "auto",
  p: { xs: 1.5, sm: 2.5 },
  alignItems: "start",
};

// On a narrow window the two columns dissolve into one, in the order that the panels name.
const column = {
  display: { xs: "contents", lg: "grid" },
  gridTemplateColumns: "minmax(0, 1fr)",
  gap: 2,
};
