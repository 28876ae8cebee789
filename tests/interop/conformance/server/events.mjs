// What was sent on a session's streams, for clients that come back for the rest.

import { randomUUID } from 'node:crypto';

export class Events {
  #sent = [];

  async storeEvent(streamId, message) {
    const eventId = `${streamId}/${randomUUID()}`;
    this.#sent.push({ eventId, streamId, message });
    return eventId;
  }

  async getStreamIdForEventId(eventId) {
    return this.#sent.find((event) => event.eventId === eventId)?.streamId;
  }

  /** Sends what came after this event on its stream. */
  async replayEventsAfter(lastEventId, { send }) {
    const at = this.#sent.findIndex((event) => event.eventId === lastEventId);
    if (at < 0) return '';
    const { streamId } = this.#sent[at];
    for (const event of this.#sent.slice(at + 1)) {
      const isMessage = Object.keys(event.message).length > 0;
      if (event.streamId === streamId && isMessage) await send(event.eventId, event.message);
    }
    return streamId;
  }
}
