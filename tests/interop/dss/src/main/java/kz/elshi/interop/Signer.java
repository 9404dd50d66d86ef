package kz.elshi.interop;

import eu.europa.esig.dss.asic.cades.ASiCWithCAdESSignatureParameters;
import eu.europa.esig.dss.asic.cades.signature.ASiCWithCAdESService;
import eu.europa.esig.dss.asic.xades.ASiCWithXAdESSignatureParameters;
import eu.europa.esig.dss.asic.xades.signature.ASiCWithXAdESService;
import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.enumerations.ASiCContainerType;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.ToBeSigned;
import eu.europa.esig.dss.signature.AbstractSignatureParameters;
import eu.europa.esig.dss.signature.DocumentSignatureService;
import eu.europa.esig.dss.signature.MultipleDocumentsSignatureService;
import eu.europa.esig.dss.spi.validation.CertificateVerifier;
import eu.europa.esig.dss.spi.x509.tsp.TSPSource;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.signature.XAdESService;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore.PasswordProtection;
import java.util.List;

/** Makes one signature with the key of a PKCS#12 file, or augments the signatures of a document. */
final class Signer {
    private final CertificateVerifier verifier;
    private final TSPSource timeStamps;
    private final Path key;
    private final char[] password;

    Signer(CertificateVerifier verifier, TSPSource timeStamps, Path key, char[] password) {
        this.verifier = verifier;
        this.timeStamps = timeStamps;
        this.key = key;
        this.password = password;
    }

    /** `ways` are words of {@link Ways}. */
    DSSDocument sign(String form, SignatureLevel level, String packaging, DigestAlgorithm digest, List<String> ways,
            List<DSSDocument> inputs) throws IOException {
        try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(key.toFile(), new PasswordProtection(password))) {
            DSSPrivateKeyEntry entry = token.getKeys().get(0);
            AbstractSignatureParameters<?> parameters = parameters(form, level);
            parameters.setSigningCertificate(entry.getCertificate());
            parameters.setCertificateChain(entry.getCertificateChain());
            parameters.setDigestAlgorithm(digest);
            Ways.apply(ways, parameters);
            if (!packaging.isEmpty()) {
                parameters.setSignaturePackaging(SignaturePackaging.valueOf(packaging));
            }
            if (form.startsWith("asic")) {
                return signContainer(form, token, entry, parameters, inputs, ways);
            }
            return signDocument(form, token, entry, parameters, inputs.get(0), ways);
        }
    }

    DSSDocument augment(String form, SignatureLevel level, DSSDocument document, List<DSSDocument> detached) {
        AbstractSignatureParameters<?> parameters = parameters(form, level);
        if (!detached.isEmpty()) {
            parameters.setDetachedContents(detached);
        }
        return service(form).extendDocument(document, cast(parameters));
    }

    private DSSDocument signDocument(String form, Pkcs12SignatureToken token, DSSPrivateKeyEntry entry,
            AbstractSignatureParameters<?> parameters, DSSDocument input, List<String> ways) {
        DocumentSignatureService<AbstractSignatureParameters<?>, ?> service = service(form);
        if (ways.contains("content-time-stamp")) {
            parameters.setContentTimestamps(List.of(service.getContentTimestamp(input, parameters)));
        }
        ToBeSigned toSign = service.getDataToSign(input, parameters);
        return service.signDocument(input, parameters, token.sign(toSign, parameters.getSignatureAlgorithm(), entry));
    }

    private DSSDocument signContainer(String form, Pkcs12SignatureToken token, DSSPrivateKeyEntry entry,
            AbstractSignatureParameters<?> parameters, List<DSSDocument> inputs, List<String> ways) {
        MultipleDocumentsSignatureService<AbstractSignatureParameters<?>, ?> service = cast(service(form));
        if (ways.contains("content-time-stamp")) {
            parameters.setContentTimestamps(List.of(service.getContentTimestamp(inputs, parameters)));
        }
        ToBeSigned toSign = service.getDataToSign(inputs, parameters);
        return service.signDocument(inputs, parameters, token.sign(toSign, parameters.getSignatureAlgorithm(), entry));
    }

    private static AbstractSignatureParameters<?> parameters(String form, SignatureLevel level) {
        AbstractSignatureParameters<?> parameters;
        switch (form) {
            case "xades" -> parameters = new XAdESSignatureParameters();
            case "cades" -> parameters = new CAdESSignatureParameters();
            case "asic-xades" -> {
                ASiCWithXAdESSignatureParameters container = new ASiCWithXAdESSignatureParameters();
                container.aSiC().setContainerType(ASiCContainerType.ASiC_E);
                parameters = container;
            }
            case "asic-cades" -> {
                ASiCWithCAdESSignatureParameters container = new ASiCWithCAdESSignatureParameters();
                container.aSiC().setContainerType(ASiCContainerType.ASiC_E);
                parameters = container;
            }
            default -> throw new IllegalArgumentException("no such form: " + form);
        }
        parameters.setSignatureLevel(level);
        return parameters;
    }

    private DocumentSignatureService<AbstractSignatureParameters<?>, ?> service(String form) {
        DocumentSignatureService<?, ?> service = switch (form) {
            case "xades" -> new XAdESService(verifier);
            case "cades" -> new CAdESService(verifier);
            case "asic-xades" -> new ASiCWithXAdESService(verifier);
            case "asic-cades" -> new ASiCWithCAdESService(verifier);
            default -> throw new IllegalArgumentException("no such form: " + form);
        };
        service.setTspSource(timeStamps);
        return cast(service);
    }

    /** The form decides the types of parameters and service together; the compiler cannot see that. */
    @SuppressWarnings("unchecked")
    private static <T> T cast(Object object) {
        return (T) object;
    }
}
