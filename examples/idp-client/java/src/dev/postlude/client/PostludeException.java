package dev.postlude.client;

/**
 * Why Postlude gave no usable answer. It means "deny". It is a checked exception, so that nobody overlooks it.
 */
public final class PostludeException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final int status;

    PostludeException(String code, int status, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.status = status;
    }

    PostludeException(String code, String message) {
        this(code, 0, message, null);
    }

    /** Postlude's own stable code where there is one. */
    public String code() {
        return code;
    }

    /** The HTTP status; 0 where there was no answer. */
    public int status() {
        return status;
    }
}
