// Dial, call, handle an error, a deadline, streams, metadata.

import { credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { BadRequest } from "nice-grpc-error-details";
import { Status } from "nice-grpc-error-details/lib/proto/google/rpc/status.js";

import {
  ArithClient,
  type DivideRequest,
  type DivideResponse,
  type MultiplyRequest,
  type MultiplyResponse,
  type SumResponse,
} from "../build/generated/arith/v1/arith.js";

async function main(address: string): Promise<void> {
  const arith = new ArithClient(address, credentials.createInsecure());
  await call(arith);
  await detailsOfAnError(arith);
  await deadline(arith);
  await streams(arith);
  await metadata(arith);
  arith.close();
  await nobodyThere(`${address}-nobody`);
}

async function call(arith: ArithClient): Promise<void> {
  const { product } = await multiply(arith, { a: 17, b: 8 });
  console.log(`17 x 8 = ${product}`);

  const { quotient, remainder } = await divide(arith, { a: 17, b: 8 });
  console.log(`17 / 8 = ${quotient}, remainder ${remainder}`);
}

/** An error names the field that was wrong, for programs as well as people. */
async function detailsOfAnError(arith: ArithClient): Promise<void> {
  const error = await refusal(divide(arith, { a: 1, b: 0 }));
  console.log(`1 / 0: ${status[error.code]}: ${error.details}`);
  for (const bytes of error.metadata.get("grpc-status-details-bin")) {
    for (const detail of Status.decode(bytes as Buffer).details) {
      if (detail.typeUrl === "type.googleapis.com/google.rpc.BadRequest") {
        for (const { field, description } of BadRequest.decode(detail.value).fieldViolations) {
          console.log(`  field ${field}: ${description}`);
        }
      }
    }
  }
}

/** A deadline that passes before the fourth of ten numbers. */
async function deadline(arith: ArithClient): Promise<void> {
  const request = { first: 1, count: 10, intervalMs: 500 };
  try {
    for await (const { number } of arith.count(request, { deadline: Date.now() + 1250 })) {
      console.log(`counted ${number}`);
    }
  } catch (error) {
    console.log(`stopped counting: ${status[(error as ServiceError).code]}`);
  }
}

/** A stream of answers, one in each direction, and one of requests. */
async function streams(arith: ArithClient): Promise<void> {
  const numbers: number[] = [];
  for await (const { number } of arith.count({ first: 5, count: 4, intervalMs: 0 })) {
    numbers.push(number);
  }
  console.log("counted on:", ...numbers);

  const runningTotal = arith.runningTotal();
  for (const number of [1, 2, 3]) {
    runningTotal.write({ number });
  }
  runningTotal.end();
  const totals: number[] = [];
  for await (const { total } of runningTotal) {
    totals.push(total);
  }
  console.log("totals:", ...totals);

  const { sum, count } = await new Promise<SumResponse>((resolve, reject) => {
    const call = arith.sum((error, answer) => (error ? reject(error) : resolve(answer)));
    for (let number = 1; number <= 100; number += 1) {
      call.write({ number });
    }
    call.end();
  });
  console.log(`sum: ${sum} of ${count} numbers`);
}

/** What goes along beside the messages, there and back. */
async function metadata(arith: ArithClient): Promise<void> {
  const sent = new Metadata();
  sent.set("arith-tag", "hello");
  const received = await new Promise<Metadata>((resolve, reject) => {
    const call = arith.multiply({ a: 1, b: 1 }, sent, (error) => error && reject(error));
    call.on("metadata", resolve);
  });
  for (const name of ["arith-version", "arith-tag"]) {
    console.log(`${name}: ${received.get(name).join()}`);
  }
}

/** Where nobody listens a call fails at once. */
async function nobodyThere(address: string): Promise<void> {
  const arith = new ArithClient(address, credentials.createInsecure());
  const error = await refusal(multiply(arith, { a: 17, b: 8 }));
  console.log(`nobody there: ${status[error.code]}`);
  arith.close();
}

function multiply(arith: ArithClient, request: MultiplyRequest): Promise<MultiplyResponse> {
  return new Promise((resolve, reject) => {
    arith.multiply(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

function divide(arith: ArithClient, request: DivideRequest): Promise<DivideResponse> {
  return new Promise((resolve, reject) => {
    arith.divide(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

/** The error of a call that must not succeed. */
async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("expected a refusal, found an answer");
}

const [address] = process.argv.slice(2);
if (address === undefined) {
  throw new Error("usage: hello.js unix:///path/of/arith.sock");
}
await main(address);
