package dev.postlude.client;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The IdP's side of Postlude, of java.net.http and Jackson: copy it into your IdP.
 *
 * <p>Every exception means "deny": there is no path on which a caller that lets an exception end the login would issue a token.
 * An answer is returned only when it is whole, is about the login that was asked about, and its outcome is one that this client
 * knows. A client may be used by many threads.
 */
public final class PostludeClient {
    private static final Duration PAUSE = Duration.ofMillis(150);
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final String base;
    private final String apiKey;
    private final Duration deadline;
    private final HttpClient http;

    /**
     * @param base     the URL of Postlude's API listener
     * @param apiKey   a key of the role idp
     * @param deadline for a call with its retry; five seconds are a good choice
     */
    public PostludeClient(URI base, String apiKey, Duration deadline) {
        this.base = base.toString().replaceAll("/+$", "");
        this.apiKey = apiKey;
        this.deadline = deadline;
        // Postlude speaks HTTP/1.1 alone, and redirects nobody's call.
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(deadline).build();
    }

    /** The key of one user's passage through one transaction: an account switch is another login. */
    public static String idempotencyKey(String transactionId, String userId) {
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(userId.getBytes(StandardCharsets.UTF_8));
            return transactionId + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    /** Primary authentication has succeeded: may the login go on? Asked for every login, silent ones too. */
    public Answer startLogin(Login login) throws PostludeException {
        var about = Subject.ofEvent(login.event());
        var body = JSON.createObjectNode().put("trigger", "post-login").put("mode", login.mode().text());
        if (login.returnUrl() != null) {
            body.put("return_url", login.returnUrl());
        }
        body.set("event", login.event());
        var key = idempotencyKey(login.transactionId(), about.userId());
        return Answer.read(call("POST", "/v1/logins", body, key), about);
    }

    /**
     * The browser is back: may the login go on? {@code pending} is what the IdP found in its own transaction by that browser's
     * cookie; its session is sent, whatever session the browser has by now.
     */
    public Answer continueLogin(Pending pending, String reply, ObjectNode event) throws PostludeException {
        var told = event.deepCopy();
        told.remove("session");
        if (pending.subject().sessionId() != null) {
            told.putObject("session").put("id", pending.subject().sessionId());
        }
        var about = Subject.ofEvent(told);
        var body = JSON.createObjectNode().put("resume_key", pending.resumeKey()).put("reply", reply);
        body.set("event", told);
        var answer = Answer.read(call("POST", "/v1/logins/" + segment(pending.loginId()) + "/continue", body, null), about);
        if (!answer.loginId().equals(pending.loginId())) {
            throw new PostludeException("wrong_login", "the answer is about another login");
        }
        return answer;
    }

    /** The outcome again, for claims that are issued later and elsewhere: compare its subject with what you ask about. */
    public JsonNode getLogin(String loginId) throws PostludeException {
        return call("GET", "/v1/logins/" + segment(loginId), null, null);
    }

    /** Logout: forgets the session's factors and ends its suspended logins. */
    public void endSession(String id) throws PostludeException {
        call("POST", "/v1/sessions/end", JSON.createObjectNode().put("id", id), null);
    }

    /** The IdP changed a session's id. */
    public void rotateSession(String id, String to) throws PostludeException {
        call("POST", "/v1/sessions/rotate", JSON.createObjectNode().put("id", id).put("to", to), null);
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private record Received(int status, byte[] body) {
        boolean again() {
            return status == 502 || status == 503 || status == 504;
        }
    }

    /** One request and at most one retry: same key, same bytes, so that nothing runs twice. */
    private JsonNode call(String method, String path, ObjectNode body, String key) throws PostludeException {
        var end = System.nanoTime() + deadline.toNanos();
        var request = request(method, path, body, key);
        var what = method + " " + path;
        try {
            Received received;
            try {
                received = once(request, deadline.toNanos() / 2); // a first attempt that hangs leaves half for the second
            } catch (ExecutionException | TimeoutException first) {
                received = null;
            }
            if (received == null || received.again()) {
                Thread.sleep(PAUSE.toMillis());
                received = once(request, end - System.nanoTime());
            }
            return parse(what, received);
        } catch (ExecutionException | TimeoutException cause) {
            var message = what + ": no answer in two attempts and at most " + deadline.toMillis() + " ms";
            throw new PostludeException("unavailable", 0, message, cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new PostludeException("interrupted", 0, what + ": the thread was interrupted", cause);
        }
    }

    private HttpRequest request(String method, String path, ObjectNode body, String key) throws PostludeException {
        try {
            var sent = body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body));
            var request = HttpRequest.newBuilder(URI.create(base + path)).method(method, sent)
                    .header("Authorization", "Bearer " + apiKey).header("Content-Type", "application/json");
            return (key == null ? request : request.header("Idempotency-Key", key)).build();
        } catch (JsonProcessingException | IllegalArgumentException cause) {
            throw new PostludeException("invalid_event", 0, "the call cannot be written", cause);
        }
    }

    /** The limit is for the whole answer: the one of HttpRequest ends with its head. */
    private Received once(HttpRequest request, long nanoseconds) throws ExecutionException, TimeoutException, InterruptedException {
        var answer = http.sendAsync(request, info -> new LimitedBody());
        try {
            var response = answer.get(Math.max(1, nanoseconds), TimeUnit.NANOSECONDS);
            return new Received(response.statusCode(), response.body());
        } finally {
            answer.cancel(true);
        }
    }

    private static JsonNode parse(String what, Received received) throws PostludeException {
        JsonNode json;
        try {
            json = JSON.readTree(received.body());
        } catch (java.io.IOException cause) {
            throw new PostludeException("not_json", received.status(), what + " gave " + received.status() + " without JSON", cause);
        }
        if (json == null || !json.isObject()) {
            throw new PostludeException("not_json", received.status(), what + " gave " + received.status() + " without a JSON object", null);
        }
        if (received.status() >= 200 && received.status() < 300) {
            return json;
        }
        var code = Subject.text(json, "code");
        var known = code == null ? "refused" : code;
        var message = what + " gave " + received.status() + " " + known + ": " + json.path("detail").asText();
        throw new PostludeException(known, received.status(), message, null);
    }
}
