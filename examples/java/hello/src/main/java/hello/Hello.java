package hello;

import arith.v1.ArithGrpc;
import arith.v1.ArithOuterClass.CountRequest;
import arith.v1.ArithOuterClass.DivideRequest;
import arith.v1.ArithOuterClass.MultiplyRequest;
import arith.v1.ArithOuterClass.RunningTotalRequest;
import arith.v1.ArithOuterClass.RunningTotalResponse;
import arith.v1.ArithOuterClass.SumRequest;
import arith.v1.ArithOuterClass.SumResponse;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/** Dial, call, handle an error, a deadline, streams, metadata. */
public final class Hello {
  private final ArithGrpc.ArithBlockingStub arith;
  private final ArithGrpc.ArithStub async;

  private Hello(ManagedChannel channel) {
    arith = ArithGrpc.newBlockingStub(channel);
    async = ArithGrpc.newStub(channel);
  }

  public static void main(String[] args) throws Exception {
    String address = args[0];
    ManagedChannel channel = dial(address);
    try {
      Hello hello = new Hello(channel);
      hello.call();
      hello.detailsOfAnError();
      hello.deadline();
      hello.serverStream();
      hello.streamInEachDirection();
      hello.clientStream();
      hello.metadata();
    } finally {
      channel.shutdownNow();
    }
    nobodyThere(address + "-nobody");
  }

  private static ManagedChannel dial(String address) {
    return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
  }

  private void call() {
    var product = arith.multiply(MultiplyRequest.newBuilder().setA(17).setB(8).build());
    System.out.println("17 x 8 = " + product.getProduct());

    var quotient = arith.divide(DivideRequest.newBuilder().setA(17).setB(8).build());
    System.out.println(
        "17 / 8 = " + quotient.getQuotient() + ", remainder " + quotient.getRemainder());
  }

  /** An error names the field that was wrong, for programs as well as people. */
  private void detailsOfAnError() throws InvalidProtocolBufferException {
    try {
      arith.divide(DivideRequest.newBuilder().setA(1).setB(0).build());
    } catch (StatusRuntimeException error) {
      var status = error.getStatus();
      System.out.println("1 / 0: " + status.getCode() + ": " + status.getDescription());
      for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
        if (detail.is(BadRequest.class)) {
          for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
            System.out.println("  field " + violation.getField() + ": " + violation.getDescription());
          }
        }
      }
    }
  }

  /** A deadline that passes before the fourth of ten numbers. */
  private void deadline() {
    var request = CountRequest.newBuilder().setFirst(1).setCount(10).setIntervalMs(500).build();
    var hasty = arith.withDeadlineAfter(1250, TimeUnit.MILLISECONDS);
    try {
      hasty
          .count(request)
          .forEachRemaining(answer -> System.out.println("counted " + answer.getNumber()));
    } catch (StatusRuntimeException error) {
      System.out.println("stopped counting: " + error.getStatus().getCode());
    }
  }

  private void serverStream() {
    List<Long> numbers = new ArrayList<>();
    var request = CountRequest.newBuilder().setFirst(5).setCount(4).build();
    arith.count(request).forEachRemaining(answer -> numbers.add(answer.getNumber()));
    System.out.println("counted on: " + spaced(numbers));
  }

  private void streamInEachDirection() {
    var answers = new Answers<RunningTotalResponse>();
    var requests = async.runningTotal(answers);
    for (long number : List.of(1, 2, 3)) {
      requests.onNext(RunningTotalRequest.newBuilder().setNumber(number).build());
    }
    requests.onCompleted();
    var totals = answers.all().stream().map(RunningTotalResponse::getTotal).toList();
    System.out.println("totals: " + spaced(totals));
  }

  private void clientStream() {
    var answers = new Answers<SumResponse>();
    var requests = async.sum(answers);
    for (long number = 1; number <= 100; number++) {
      requests.onNext(SumRequest.newBuilder().setNumber(number).build());
    }
    requests.onCompleted();
    SumResponse answer = answers.all().get(0);
    System.out.println("sum: " + answer.getSum() + " of " + answer.getCount() + " numbers");
  }

  /** What goes along beside the messages, there and back. */
  private void metadata() {
    Metadata sent = new Metadata();
    sent.put(key("arith-tag"), "hello");
    var received = new AtomicReference<Metadata>();
    arith
        .withInterceptors(
            MetadataUtils.newAttachHeadersInterceptor(sent),
            MetadataUtils.newCaptureMetadataInterceptor(received, new AtomicReference<>()))
        .multiply(MultiplyRequest.newBuilder().setA(1).setB(1).build());
    for (String name : List.of("arith-version", "arith-tag")) {
      System.out.println(name + ": " + received.get().get(key(name)));
    }
  }

  /** Where nobody listens a call fails at once. */
  private static void nobodyThere(String address) {
    ManagedChannel channel = dial(address);
    try {
      ArithGrpc.newBlockingStub(channel).multiply(MultiplyRequest.getDefaultInstance());
    } catch (StatusRuntimeException error) {
      System.out.println("nobody there: " + error.getStatus().getCode());
    } finally {
      channel.shutdownNow();
    }
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static String spaced(List<Long> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  /** Keeps the answers of a stream until it has ended. */
  private static final class Answers<T> implements StreamObserver<T> {
    private final List<T> answers = new ArrayList<>();
    private final CompletableFuture<List<T>> ended = new CompletableFuture<>();

    /** Waits for the end of the stream. */
    List<T> all() {
      return ended.join();
    }

    @Override
    public void onNext(T answer) {
      answers.add(answer);
    }

    @Override
    public void onError(Throwable error) {
      ended.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      ended.complete(answers);
    }
  }
}
