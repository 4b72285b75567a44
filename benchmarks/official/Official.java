import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.hl7.fhir.r5.elementmodel.Element;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.model.CanonicalResource;
import org.hl7.fhir.r5.model.CanonicalType;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher;
import org.hl7.fhir.utilities.TimeTracker;
import org.hl7.fhir.utilities.settings.FhirSettings;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.utilities.validation.ValidationMessage.IssueSeverity;
import org.hl7.fhir.validation.ValidationEngine;
import org.hl7.fhir.validation.cli.model.CliContext;
import org.hl7.fhir.validation.cli.services.ValidationService;

/**
 * Runs the official validator over lines of JSON, as its command line would with its defaults but for: no network, no
 * terminology server, nothing fetched, URLs at example.org taken for what they are.
 *
 * <p>In, a line each: {definition, text}, which gives a definition a name; {id, text, format, profile or null,
 * definitions[] by name}. Out, a line of the second kind each: {id, valid, issues, micros}; and as the last {memory,
 * started, rounds}. The argument says how often each is validated once more after all have been; micros is the median of
 * those, in microseconds of one validation, parsing included.
 */
public class Official {
  /** Fetches nothing, and takes every URL for one that leads somewhere. */
  private static final class Offline implements IValidatorResourceFetcher {
    @Override
    public Element fetch(IResourceValidator validator, Object context, String url) {
      return null;
    }

    @Override
    public boolean resolveURL(
        IResourceValidator validator,
        Object context,
        String path,
        String url,
        String type,
        boolean canonical,
        List<CanonicalType> targets) {
      return true;
    }

    @Override
    public byte[] fetchRaw(IResourceValidator validator, String url) {
      return null;
    }

    @Override
    public IValidatorResourceFetcher setLocale(Locale locale) {
      return this;
    }

    @Override
    public CanonicalResource fetchCanonicalResource(IResourceValidator validator, Object context, String url) {
      return null;
    }

    @Override
    public boolean fetchesCanonicalResource(IResourceValidator validator, String url) {
      return false;
    }

    @Override
    public Set<String> fetchCanonicalResourceVersions(IResourceValidator validator, Object context, String url) {
      return Set.of();
    }
  }

  private record Input(JsonObject given, ValidationEngine engine) {
    List<ValidationMessage> run() throws Exception {
      List<ValidationMessage> found = new ArrayList<>();
      JsonElement profile = given.get("profile");
      List<String> profiles = profile.isJsonNull() ? List.of() : List.of(profile.getAsString());
      FhirFormat format = given.get("format").getAsString().equals("xml") ? FhirFormat.XML : FhirFormat.JSON;
      engine.validate(bytes(given.get("text")), format, new ArrayList<>(profiles), found);
      return found;
    }
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // what the validator says of itself
    FhirSettings.setProhibitNetworkAccess(true);
    long began = System.nanoTime();
    ValidationEngine base = engine();
    long started = System.nanoTime() - began;
    Gson gson = new Gson();
    Map<String, JsonElement> definitions = new HashMap<>();
    Map<JsonArray, ValidationEngine> engines = new HashMap<>();
    List<Input> inputs = new ArrayList<>();
    List<JsonObject> results = new ArrayList<>();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonObject given = gson.fromJson(line, JsonObject.class);
      if (given.has("definition")) {
        definitions.put(given.get("definition").getAsString(), given.get("text"));
        continue;
      }
      JsonArray names = given.getAsJsonArray("definitions");
      if (!engines.containsKey(names)) engines.put(names, with(base, names, definitions));
      Input input = new Input(given, engines.get(names));
      JsonObject result = verdict(input);
      if (rounds == 0) {
        out.println(gson.toJson(result));
      } else {
        inputs.add(input);
        results.add(result);
      }
    }
    time(inputs, results, rounds);
    results.forEach(each -> out.println(gson.toJson(each)));
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    JsonObject last = new JsonObject();
    last.addProperty("memory", runtime.totalMemory() - runtime.freeMemory());
    last.addProperty("started", started / 1000);
    last.addProperty("rounds", rounds);
    out.println(gson.toJson(last));
    System.exit(0);
  }

  private static ValidationEngine engine() throws Exception {
    CliContext settings = new CliContext();
    settings.setSv("4.0.1");
    settings.setTxServer(null);
    settings.setNoEcosystem(true);
    settings.setAllowExampleUrls(true);
    settings.setDisableDefaultResourceFetcher(true);
    ValidationEngine engine =
        new ValidationService().initializeValidator(settings, "hl7.fhir.r4.core#4.0.1", new TimeTracker());
    return engine.setFetcher(new Offline());
  }

  private static ValidationEngine with(ValidationEngine base, JsonArray names, Map<String, JsonElement> definitions)
      throws Exception {
    if (names.isEmpty()) return base;
    ValidationEngine engine = new ValidationEngine(base).setFetcher(new Offline());
    for (JsonElement name : names) {
      JsonElement each = definitions.get(name.getAsString());
      boolean xml = each.getAsString().stripLeading().startsWith("<");
      engine.seeResource(engine.loadResource(bytes(each), xml ? "definition.xml" : "definition.json"));
    }
    return engine;
  }

  private static JsonObject verdict(Input input) {
    JsonObject result = new JsonObject();
    JsonArray issues = new JsonArray();
    boolean valid = true;
    try {
      for (ValidationMessage message : input.run()) {
        IssueSeverity severity = message.getLevel();
        valid &= severity != IssueSeverity.ERROR && severity != IssueSeverity.FATAL;
        issues.add(issue(severity.toCode(), String.valueOf(message.getMessageId()), message));
      }
    } catch (Throwable thrown) {
      valid = false;
      JsonObject issue = new JsonObject();
      issue.addProperty("severity", "fatal");
      issue.addProperty("id", thrown.getClass().getSimpleName());
      issue.addProperty("message", thrown.getMessage());
      issues.add(issue);
    }
    result.add("id", input.given.get("id"));
    result.addProperty("valid", valid);
    result.add("issues", issues);
    return result;
  }

  private static JsonObject issue(String severity, String id, ValidationMessage message) {
    JsonObject issue = new JsonObject();
    issue.addProperty("severity", severity);
    issue.addProperty("id", id);
    issue.addProperty("code", message.getType() == null ? null : message.getType().toCode());
    issue.addProperty("expression", message.getLocation());
    issue.addProperty("message", message.getMessage());
    return issue;
  }

  private static void time(List<Input> inputs, List<JsonObject> results, int rounds) {
    long[][] taken = new long[inputs.size()][rounds];
    for (int round = 0; round < rounds; round++)
      for (int at = 0; at < inputs.size(); at++) {
        long began = System.nanoTime();
        try {
          inputs.get(at).run();
        } catch (Throwable thrown) {
          // counted in the verdict
        }
        taken[at][round] = System.nanoTime() - began;
      }
    for (int at = 0; at < inputs.size(); at++) {
      Arrays.sort(taken[at]);
      results.get(at).addProperty("micros", taken[at][rounds / 2] / 1000.0);
    }
  }

  private static byte[] bytes(JsonElement text) {
    return text.getAsString().getBytes(StandardCharsets.UTF_8);
  }
}
