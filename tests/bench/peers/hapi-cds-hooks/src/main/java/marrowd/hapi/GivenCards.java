package marrowd.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.server.cdshooks.CdsServiceRequestJson;
import ca.uhn.hapi.fhir.cdshooks.api.CdsService;
import ca.uhn.hapi.fhir.cdshooks.api.json.CdsServiceResponseJson;
import ca.uhn.hapi.fhir.cdshooks.module.CdsHooksObjectMapperFactory;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.DiagnosticReport;
import org.hl7.fhir.r4.model.Observation;

/** Answers patient-view with given cards; of a prefetch it looks for a low result and for one finding. */
public class GivenCards {
    private final CdsServiceResponseJson given;

    GivenCards() throws IOException {
        ObjectMapper mapper = new CdsHooksObjectMapperFactory(FhirContext.forR4Cached()).newMapper();
        mapper.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        Path cards = Path.of(System.getProperty("marrowd.cards"));
        given = mapper.readValue(cards.toFile(), CdsServiceResponseJson.class);
    }

    @CdsService(
            value = "marrow-vitamin-d-patient-view",
            hook = "patient-view",
            description = "Low vitamin D and marrow edema",
            prefetch = {})
    public CdsServiceResponseJson answer(CdsServiceRequestJson call) {
        boolean asked = !call.getPrefetchKeys().isEmpty();
        return asked && !(hasLow(call) && hasEdema(call)) ? new CdsServiceResponseJson() : given;
    }

    private static boolean hasLow(CdsServiceRequestJson call) {
        return ((Bundle) call.getPrefetch("vitaminD"))
                .getEntry().stream()
                        .map(entry -> (Observation) entry.getResource())
                        .anyMatch(result -> result.hasValueQuantity()
                                && result.getValueQuantity().getValue().doubleValue() < 20);
    }

    private static boolean hasEdema(CdsServiceRequestJson call) {
        return ((Bundle) call.getPrefetch("reports"))
                .getEntry().stream()
                        .map(entry -> (DiagnosticReport) entry.getResource())
                        .anyMatch(report -> report.hasConclusion()
                                && report.getConclusion().contains("Marrow edema"));
    }
}
