// Writes what Java's assignors make of random groups, for src/machine/group/assignor:
//   assignors.txt      case NAME / t TOPIC RACKS.. / m ID INSTANCE RACK TOPICS GENERATION HAD > GOT
//                      `-` is none; a topic has the racks of each partition, `ab,b,-`
//   subscriptions.txt  NAME RACK TOPICS GENERATION HAD HEX: a JoinGroup's metadata
//                      assignment - - - GOT HEX: a SyncGroup's assignment
// Run through record.sh. It talks to nobody.

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

public class Assignors {
    static final String RACKS = "abc";
    static final Random RANDOM = new Random(1);

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            group(i, lines);
        }
        write(folder.resolve("assignors.txt"), lines);
        write(folder.resolve("subscriptions.txt"), subscriptions());
    }

    static void write(Path path, List<String> lines) throws Exception {
        Files.write(path, lines, StandardCharsets.UTF_8);
        System.out.println(path.normalize() + ": " + lines.size() + " lines");
    }

    static ConsumerPartitionAssignor assignor(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
    }

    static class Member {
        String id;
        String instance;
        String rack;
        List<String> topics = new ArrayList<>();
        int generation = -1;
        List<TopicPartition> had = new ArrayList<>();
    }

    // A group, assigned by each assignor. For the sticky ones it has a past: partitions were spread
    // at random over its members, some of which are new.
    static void group(int number, List<String> lines) {
        boolean racks = number % 2 == 1;
        Map<String, List<String>> topics = new TreeMap<>();
        int size = 1 + RANDOM.nextInt(7);
        for (int t = 0; t < 1 + RANDOM.nextInt(4); t++) {
            List<String> partitions = new ArrayList<>();
            int count = t > 0 && RANDOM.nextInt(3) == 0
                ? topics.get("t" + (t - 1)).size() : 1 + RANDOM.nextInt(9);
            for (int p = 0; p < count; p++) {
                TreeSet<String> in = new TreeSet<>();
                for (int r = 0; racks && r < 2 && RANDOM.nextInt(10) > 0; r++) {
                    in.add(rack());
                }
                partitions.add(in.isEmpty() ? "-" : String.join("", in));
            }
            topics.put("t" + t, partitions);
        }
        boolean alike = number % 3 == 0;
        List<Member> members = new ArrayList<>();
        for (int m = 0; m < size; m++) {
            Member member = new Member();
            member.id = "m" + (char) ('a' + RANDOM.nextInt(26)) + m;
            member.instance = RANDOM.nextInt(5) == 0
                ? "i" + (char) ('a' + RANDOM.nextInt(26)) + m : null;
            member.rack = racks && RANDOM.nextInt(6) > 0 ? rack() : null;
            for (String topic : topics.keySet()) {
                if (alike || RANDOM.nextInt(3) > 0) {
                    member.topics.add(topic);
                }
            }
            // Java's sticky ones take the first member without topics for one with all of them.
            if (member.topics.isEmpty()) {
                member.topics.add("t0");
            }
            members.add(member);
        }
        for (String name : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) {
            if (name.equals("sticky")) {
                past(topics, members);
            }
            lines.add("case " + name);
            topics.forEach((topic, in) -> lines.add("t " + topic + " " + String.join(",", in)));
            Map<String, Assignment> result = assign(name, topics, members);
            for (Member m : members) {
                lines.add("m " + m.id + " " + text(m.instance) + " " + about(m) + " > "
                    + text(sorted(result.get(m.id).partitions())));
            }
        }
    }

    static String rack() {
        return String.valueOf(RACKS.charAt(RANDOM.nextInt(RACKS.length())));
    }

    static void past(Map<String, List<String>> topics, List<Member> members) {
        int skew = 1 + RANDOM.nextInt(members.size());
        boolean random = RANDOM.nextBoolean();
        int next = 0;
        for (String topic : topics.keySet()) {
            for (int p = 0; p < topics.get(topic).size(); p++) {
                int m = random ? RANDOM.nextInt(skew) : next++ % skew;
                if (RANDOM.nextInt(8) > 0) {
                    members.get(m).had.add(new TopicPartition(topic, p));
                    members.get(m).generation = 7;
                }
            }
        }
    }

    static String about(Member m) {
        return text(m.rack) + " " + (m.topics.isEmpty() ? "-" : String.join(",", m.topics)) + " "
            + m.generation + " " + text(m.had);
    }

    static String text(String word) {
        return word == null ? "-" : word;
    }

    static List<TopicPartition> sorted(List<TopicPartition> partitions) {
        List<TopicPartition> list = new ArrayList<>(partitions);
        list.sort(Comparator.comparing(TopicPartition::topic)
            .thenComparing(TopicPartition::partition));
        return list;
    }

    static String text(List<TopicPartition> partitions) {
        List<String> words = new ArrayList<>();
        partitions.forEach(p -> words.add(p.topic() + ":" + p.partition()));
        return words.isEmpty() ? "-" : String.join(",", words);
    }

    // What a member's client sends when it joins.
    static Subscription subscription(String name, Member m) {
        ConsumerPartitionAssignor assignor = assignor(name);
        if (m.generation >= 0) {
            assignor.onAssignment(new Assignment(m.had),
                new ConsumerGroupMetadata("g", m.generation, m.id, Optional.empty()));
        }
        Set<String> topics = new HashSet<>(m.topics);
        boolean keeps = name.equals("cooperative-sticky");
        return new Subscription(m.topics, assignor.subscriptionUserData(topics),
            keeps ? m.had : List.of(), m.generation, Optional.ofNullable(m.rack));
    }

    static Map<String, Assignment> assign(
            String name, Map<String, List<String>> topics, List<Member> members) {
        Map<String, Node> nodes = new LinkedHashMap<>();
        List<PartitionInfo> partitions = new ArrayList<>();
        topics.forEach((topic, racks) -> {
            for (int p = 0; p < racks.size(); p++) {
                List<Node> replicas = new ArrayList<>();
                for (String rack : racks.get(p).split("")) {
                    String at = rack.equals("-") ? null : rack;
                    replicas.add(nodes.computeIfAbsent(rack,
                        r -> new Node(nodes.size(), "h", 9092, at)));
                }
                Node[] all = replicas.toArray(new Node[0]);
                partitions.add(new PartitionInfo(topic, p, all[0], all, all));
            }
        });
        Cluster cluster = new Cluster("c", nodes.values(), partitions, Set.of(), Set.of());
        Map<String, Subscription> subscriptions = new LinkedHashMap<>();
        for (Member m : members) {
            ByteBuffer sent = ConsumerProtocol.serializeSubscription(subscription(name, m));
            Subscription received = ConsumerProtocol.deserializeSubscription(sent);
            received.setGroupInstanceId(Optional.ofNullable(m.instance));
            subscriptions.put(m.id, received);
        }
        return assignor(name).assign(cluster, new GroupSubscription(subscriptions))
            .groupAssignment();
    }

    static List<String> subscriptions() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Member m = new Member();
            m.id = "m";
            m.rack = i % 3 == 0 ? null : "rack-" + i;
            m.topics.addAll(List.of("zeta", "alpha"));
            for (int p = 0; p < i; p++) {
                m.had.add(new TopicPartition("zeta", (p * 5) % 12));
            }
            m.generation = i == 0 ? -1 : i * 100;
            for (String name : List.of("range", "sticky", "cooperative-sticky")) {
                ByteBuffer sent = ConsumerProtocol.serializeSubscription(subscription(name, m));
                lines.add(name + " " + about(m) + " " + HexFormat.of().formatHex(bytes(sent)));
            }
            if (i > 1) {
                m.had.add(1, new TopicPartition("alpha", 3));
            }
            ByteBuffer sent = ConsumerProtocol.serializeAssignment(new Assignment(m.had));
            lines.add("assignment - - - " + text(m.had) + " "
                + HexFormat.of().formatHex(bytes(sent)));
        }
        return lines;
    }

    static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
