package kz.elshi.interop;

import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.service.tsp.OnlineTSPSource;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Signs, augments and judges with DSS: one task a line on standard input, its answer on standard output.
 *
 * <p>Arguments: a folder with trusted certificates (DER), and the address of the sandbox's trust services on loopback. A
 * task is a line of fields parted by tabs; files are named by path, lists of files are parted by "|":
 *
 * <pre>
 * sign      form  level  packaging  key.p12  digest  to  input|input  way|way
 * augment   form  level  from  detached|detached  to
 * validate  document  detached|detached  online|offline  seconds since 1970, or nothing for now
 * </pre>
 *
 * <p>The answer ends with the line "done" or "error" and its words. Before it, for validate, stands one line for each
 * signature: indication, sub-indication, signature format, errors, warnings.
 */
public final class DssProgram {
    private static final char[] PASSWORD = "Sandbox-1".toCharArray();

    private static final String TIME_STAMPS = "http://tsa.sandbox.invalid/";

    private final Path trusted;
    private final Loopback services;

    private DssProgram(Path trusted, Loopback services) {
        this.trusted = trusted;
        this.services = services;
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // nothing but answers goes to whoever asks
        DssProgram program = new DssProgram(Path.of(arguments[0]), new Loopback(arguments[1]));
        BufferedReader tasks = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = tasks.readLine(); line != null; line = tasks.readLine()) {
            try {
                program.perform(line.split("\t", -1)).forEach(answers::println);
                answers.println("done");
            } catch (Exception | LinkageError refusal) { // whatever DSS throws is its answer
                answers.println("error\t" + clean(refusal.toString()));
            }
        }
    }

    private List<String> perform(String[] task) throws IOException {
        switch (task[0]) {
            case "sign" -> {
                Signer signer = new Signer(verifier(true), timeStamps(), Path.of(task[4]), PASSWORD);
                DSSDocument signed = signer.sign(task[1], level(task[1], task[2]), task[3],
                        DigestAlgorithm.forName(task[5]), listed(task[8]), documents(task[7]));
                signed.save(task[6]);
                return List.of();
            }
            case "augment" -> {
                Signer signer = new Signer(verifier(true), timeStamps(), null, PASSWORD);
                signer.augment(task[1], level(task[1], task[2]), new FileDocument(task[3]), documents(task[4])).save(task[5]);
                return List.of();
            }
            case "validate" -> {
                return validate(new FileDocument(task[1]), documents(task[2]), "online".equals(task[3]), task[4]);
            }
            default -> throw new IllegalArgumentException("no such task: " + task[0]);
        }
    }

    private List<String> validate(DSSDocument document, List<DSSDocument> detached, boolean online, String at)
            throws IOException {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(document);
        if (!at.isEmpty()) {
            validator.setValidationTime(new Date(1000 * Long.parseLong(at)));
        }
        validator.setCertificateVerifier(verifier(online));
        if (!detached.isEmpty()) {
            validator.setDetachedContents(detached);
        }
        SimpleReport report = validator.validateDocument().getSimpleReport();
        List<String> found = new ArrayList<>();
        for (String signature : report.getSignatureIdList()) {
            found.add(String.join("\t", String.valueOf(report.getIndication(signature)),
                    String.valueOf(report.getSubIndication(signature)), String.valueOf(report.getSignatureFormat(signature)),
                    words(report.getAdESValidationErrors(signature)), words(report.getAdESValidationWarnings(signature))));
        }
        return found;
    }

    /** Trust in the given roots alone; no network but the sandbox's services, and those only when asked. */
    private CommonCertificateVerifier verifier(boolean online) throws IOException {
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        try (Stream<Path> files = Files.list(trusted)) {
            files.sorted().forEach(file -> anchors.addCertificate(DSSUtils.loadCertificate(file.toFile())));
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(anchors);
        verifier.setAIASource(null);
        if (online) {
            verifier.setOcspSource(new OnlineOCSPSource(services));
            verifier.setCrlSource(new OnlineCRLSource(services));
        }
        return verifier;
    }

    private OnlineTSPSource timeStamps() {
        return new OnlineTSPSource(TIME_STAMPS, services);
    }

    private static SignatureLevel level(String form, String level) {
        String family = form.endsWith("xades") ? "XAdES" : "CAdES";
        return SignatureLevel.valueByName(family + "-BASELINE-" + level.substring(2));
    }

    private static List<DSSDocument> documents(String paths) {
        return listed(paths).stream().<DSSDocument>map(FileDocument::new).collect(Collectors.toList());
    }

    private static List<String> listed(String words) {
        return Stream.of(words.split("\\|")).filter(each -> !each.isEmpty()).collect(Collectors.toList());
    }

    private static String words(List<Message> messages) {
        return clean(messages.stream().map(Message::getValue).collect(Collectors.joining("; ")));
    }

    private static String clean(String words) {
        return words.replaceAll("\\s+", " ").trim();
    }
}
