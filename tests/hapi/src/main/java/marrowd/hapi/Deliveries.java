package marrowd.hapi;

import ca.uhn.fhir.interceptor.api.Hook;
import ca.uhn.fhir.interceptor.api.Interceptor;
import ca.uhn.fhir.interceptor.api.Pointcut;
import ca.uhn.fhir.util.VersionUtil;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts what the server's subscriptions got rid of and what they did not. A test run ends with
 * this number, so that "ran against a real server" is a figure and not a claim.
 */
@Interceptor
public final class Deliveries extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private final AtomicLong delivered = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    @Hook(Pointcut.SUBSCRIPTION_AFTER_DELIVERY)
    public void afterDelivery() {
        delivered.incrementAndGet();
    }

    /** One failed attempt; HAPI tries again for about a minute. */
    @Hook(Pointcut.SUBSCRIPTION_AFTER_DELIVERY_FAILED)
    public void afterRefusal() {
        refused.incrementAndGet();
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        response.setContentType("application/json");
        response.getWriter()
                .printf(
                        "{\"version\": \"%s\", \"delivered\": %d, \"refused\": %d}%n",
                        VersionUtil.getVersion(), delivered.get(), refused.get());
    }
}
