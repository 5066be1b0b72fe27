package dev.postlude.client;

import com.fasterxml.jackson.databind.JsonNode;

/** Whom a login is about. {@code sessionId} is null where there is no session. */
public record Subject(String userId, String clientId, String sessionId) {

    static Subject of(JsonNode subject) {
        return new Subject(text(subject, "user_id"), text(subject, "client_id"), text(subject, "session_id"));
    }

    static Subject ofEvent(JsonNode event) throws PostludeException {
        var subject = new Subject(text(event.path("user"), "user_id"), text(event.path("client"), "client_id"),
                text(event.path("session"), "id"));
        if (subject.userId == null || subject.clientId == null) {
            throw new PostludeException("invalid_event", "the event has no `user.user_id` or no `client.client_id`");
        }
        return subject;
    }

    /** A text that is not empty, or null. */
    static String text(JsonNode node, String name) {
        var value = node.path(name);
        return value.isTextual() && !value.textValue().isEmpty() ? value.textValue() : null;
    }
}
