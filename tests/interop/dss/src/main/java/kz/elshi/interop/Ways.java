package kz.elshi.interop;

import eu.europa.esig.dss.asic.cades.ASiCWithCAdESSignatureParameters;
import eu.europa.esig.dss.asic.xades.ASiCWithXAdESSignatureParameters;
import eu.europa.esig.dss.enumerations.ASiCContainerType;
import eu.europa.esig.dss.enumerations.CommitmentTypeEnum;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.EncryptionAlgorithm;
import eu.europa.esig.dss.enumerations.ValidationDataEncapsulationStrategy;
import eu.europa.esig.dss.model.Policy;
import eu.europa.esig.dss.model.SignerLocation;
import eu.europa.esig.dss.signature.AbstractSignatureParameters;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import java.util.List;

/** Ways in which a signature of DSS may differ from its usual one; each is a word of a task. */
final class Ways {
    private static final String INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

    private Ways() {
    }

    static void apply(List<String> ways, AbstractSignatureParameters<?> parameters) {
        ways.forEach(way -> apply(way, parameters));
    }

    private static void apply(String way, AbstractSignatureParameters<?> parameters) {
        switch (way) {
            case "pss" -> parameters.setEncryptionAlgorithm(EncryptionAlgorithm.RSASSA_PSS);
            case "claims" -> {
                parameters.bLevel().setClaimedSignerRoles(List.of("head", "бастық"));
                parameters.bLevel().setCommitmentTypeIndications(List.of(CommitmentTypeEnum.ProofOfApproval));
                SignerLocation location = new SignerLocation();
                location.setCountry("KZ");
                location.setLocality("Астана");
                parameters.bLevel().setSignerLocation(location);
            }
            case "policy" -> {
                Policy policy = new Policy();
                boolean isXml = parameters instanceof XAdESSignatureParameters;
                policy.setId((isXml ? "urn:oid:" : "") + "1.3.6.1.4.1.99999.2");
                policy.setDigestAlgorithm(DigestAlgorithm.SHA256);
                policy.setDigestValue(new byte[32]);
                parameters.bLevel().setSignaturePolicy(policy);
            }
            case "any-validation-data" -> parameters.setValidationDataEncapsulationStrategy(
                    ValidationDataEncapsulationStrategy.ANY_VALIDATION_DATA_ONLY);
            case "inclusive" -> {
                ((XAdESSignatureParameters) parameters).setSignedInfoCanonicalizationMethod(INCLUSIVE);
                ((XAdESSignatureParameters) parameters).setSignedPropertiesCanonicalizationMethod(INCLUSIVE);
            }
            case "first-reference" -> ((XAdESSignatureParameters) parameters).setEn319132(false);
            case "signed-key-info" -> ((XAdESSignatureParameters) parameters).setSignKeyInfo(true);
            case "pretty" -> ((XAdESSignatureParameters) parameters).setPrettyPrint(true);
            case "asic-s" -> {
                if (parameters instanceof ASiCWithXAdESSignatureParameters container) {
                    container.aSiC().setContainerType(ASiCContainerType.ASiC_S);
                } else {
                    ((ASiCWithCAdESSignatureParameters) parameters).aSiC().setContainerType(ASiCContainerType.ASiC_S);
                }
            }
            case "content-time-stamp" -> {
                // asked for when the content is known
            }
            default -> throw new IllegalArgumentException("no such way: " + way);
        }
    }
}
