package dev.postlude.client;

/** What the IdP keeps of a redirect, on the server, in the login's own transaction. */
public record Pending(String loginId, String resumeKey, Subject subject) {
    /** The resume key is a secret: it is not shown. */
    @Override
    public String toString() {
        return "Pending[" + loginId + "]";
    }
}
