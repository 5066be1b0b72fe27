import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postlude.client.Login;
import dev.postlude.client.Pending;
import dev.postlude.client.PostludeClient;
import dev.postlude.client.PostludeException;
import dev.postlude.client.Subject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/** Lets the tests of all clients drive this one: a call as a line of JSON, and its end as another. */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        var environment = System.getenv();
        var deadline = Duration.ofMillis(Long.parseLong(environment.get("DEADLINE_MS")));
        var client = new PostludeClient(URI.create(environment.get("POSTLUDE_URL")), environment.get("POSTLUDE_KEY"), deadline);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            var end = JSON.createObjectNode();
            try {
                end.set("answer", run(client, JSON.readTree(line)));
            } catch (PostludeException why) {
                end.put("error", why.code());
                if (why.status() != 0) {
                    end.put("status", why.status());
                }
            }
            System.out.println(end);
        }
        System.exit(0); // the client's threads would keep the process for a while
    }

    private static JsonNode run(PostludeClient client, JsonNode input) throws PostludeException {
        var event = (ObjectNode) input.get("event");
        switch (input.get("call").asText()) {
            case "start":
                var mode = input.hasNonNull("mode") ? input.get("mode").asText() : "interactive";
                var url = input.hasNonNull("return_url") ? input.get("return_url").asText() : null;
                var login = new Login(input.get("transaction").asText(), event, Login.Mode.valueOf(mode.toUpperCase(Locale.ROOT)), url);
                return client.startLogin(login).json();
            case "continue":
                var pending = input.get("pending");
                var about = pending.get("subject");
                var subject = new Subject(about.get("user_id").asText(), about.get("client_id").asText(),
                        about.hasNonNull("session_id") ? about.get("session_id").asText() : null);
                var kept = new Pending(pending.get("login_id").asText(), pending.get("resume_key").asText(), subject);
                return client.continueLogin(kept, input.get("reply").asText(), event).json();
            case "get":
                return client.getLogin(input.get("login_id").asText());
            case "end":
                client.endSession(input.get("id").asText());
                return JSON.createObjectNode();
            case "rotate":
                client.rotateSession(input.get("id").asText(), input.get("to").asText());
                return JSON.createObjectNode();
            default:
                throw new IllegalArgumentException("no such call");
        }
    }
}
