package dev.postlude.client;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What is asked about.
 *
 * @param transactionId the IdP's own transaction, which one browser's cookie finds
 * @param event         what the IdP tells about the login: an object with user.user_id and client.client_id
 * @param mode          whether there is a browser
 * @param returnUrl     where the browser comes back; null in a mode without a browser
 */
public record Login(String transactionId, ObjectNode event, Mode mode, String returnUrl) {

    /** Only {@code INTERACTIVE} can be sent to a prompt. */
    public enum Mode {
        INTERACTIVE, SILENT, REFRESH, PASSWORD;

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
