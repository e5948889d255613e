package marrowd.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.hapi.fhir.cdshooks.api.CDSHooksVersion;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsHooksDaoAuthorizationSvc;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsServiceRegistry;
import ca.uhn.hapi.fhir.cdshooks.config.CdsHooksConfig;
import ca.uhn.hapi.fhir.cdshooks.controller.CdsHooksController;
import ca.uhn.hapi.fhir.cdshooks.svc.CdsHooksContextBooter;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.converter.json.MappingJackson2HttpMessageConverter;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** HAPI's configuration of its module, and the beans it asks of whoever uses it. */
@Configuration
@EnableWebMvc
@Import(CdsHooksConfig.class)
public class HookConfig {
    @Bean
    FhirContext fhirContext() {
        return FhirContext.forR4();
    }

    /** Every key comes as prefetch, so that nothing is ever looked up here. */
    @Bean
    DaoRegistry daoRegistry(FhirContext fhir) {
        return new DaoRegistry(fhir);
    }

    @Bean
    ICdsHooksDaoAuthorizationSvc authorization() {
        return resource -> {};
    }

    @Bean
    CDSHooksVersion version() {
        return CDSHooksVersion.V_1_1;
    }

    @Bean
    CdsHooksContextBooter services() {
        CdsHooksContextBooter booter = new CdsHooksContextBooter();
        booter.setDefinitionsClass(Definitions.class);
        booter.start();
        return booter;
    }

    @Bean
    CdsHooksController controller(ICdsServiceRegistry registry) {
        return new CdsHooksController(registry);
    }

    @Bean
    WebMvcConfigurer converters(@Qualifier(CdsHooksConfig.CDS_HOOKS_OBJECT_MAPPER_FACTORY) ObjectMapper mapper) {
        return new WebMvcConfigurer() {
            @Override
            public void configureMessageConverters(List<HttpMessageConverter<?>> converters) {
                converters.add(new MappingJackson2HttpMessageConverter(mapper));
            }
        };
    }

    /** The context of its own in which the module looks for services. */
    @Configuration
    public static class Definitions {
        @Bean(name = "cdsServices")
        public List<Object> cdsServices() throws Exception {
            return List.of(new GivenCards());
        }
    }
}
