"""Calls of Qdrant's gRPC interface enter an engine, its messages leave. Conversions are the client's own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import grpc
from qdrant_client import grpc as q
from qdrant_client import models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.grpc import collections_service_pb2_grpc, points_service_pb2_grpc, qdrant_pb2_grpc

from tests.qdrant.engine import Engine, RefusalError

CODES = {
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
    HTTPStatus.TOO_MANY_REQUESTS: grpc.StatusCode.RESOURCE_EXHAUSTED,
}

DONE = q.PointsOperationResponse(result=q.UpdateResult(operation_id=0, status=q.UpdateStatus.Completed))


def serve(engine: Engine, port: int) -> tuple[grpc.Server, int]:
    """Serve an engine over gRPC on loopback; 0 takes a free port."""
    server = grpc.server(ThreadPoolExecutor(16))
    points_service_pb2_grpc.add_PointsServicer_to_server(_guarded(_Points(engine), engine), server)
    collections_service_pb2_grpc.add_CollectionsServicer_to_server(_guarded(_Collections(engine), engine), server)
    qdrant_pb2_grpc.add_QdrantServicer_to_server(_guarded(_Health(engine), engine), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


def _guarded(servicer: Any, engine: Engine) -> Any:
    """Wrap the methods a servicer has, so that keys are checked and refusals become status codes."""
    for name, method in vars(type(servicer)).items():
        if not name.startswith("_"):
            setattr(servicer, name, _wrapped(method.__get__(servicer), engine))
    return servicer


def _wrapped(method: Callable[[Any], Any], engine: Engine) -> Callable[[Any, grpc.ServicerContext], Any]:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            engine.admit(dict(context.invocation_metadata()).get("api-key"))
            return method(request)
        except RefusalError as error:
            context.abort(CODES.get(error.status, grpc.StatusCode.INTERNAL), error.said)

    return call


class _Health(qdrant_pb2_grpc.QdrantServicer):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def HealthCheck(self, _request: Any) -> Any:  # noqa: N802 - the interface's name, here and below
        return q.HealthCheckReply(title="qdrant", version=self._engine.behaviour.version)


class _Collections(collections_service_pb2_grpc.CollectionsServicer):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ListAliases(self, _request: Any) -> Any:  # noqa: N802
        aliases = self._engine.run("get_aliases").aliases
        return q.ListAliasesResponse(aliases=[RestToGrpc.convert_alias_description(alias) for alias in aliases])

    def UpdateAliases(self, request: Any) -> Any:  # noqa: N802
        actions = [GrpcToRest.convert_alias_operations(action) for action in request.actions]
        self._engine.run("update_collection_aliases", change_aliases_operations=actions)
        return q.CollectionOperationResponse(result=True)

    def CollectionExists(self, request: Any) -> Any:  # noqa: N802
        found = self._engine.exists(request.collection_name)
        return q.CollectionExistsResponse(result=q.CollectionExists(exists=found))

    def Get(self, request: Any) -> Any:  # noqa: N802
        info = self._engine.run("get_collection", request.collection_name)
        return q.GetCollectionInfoResponse(result=RestToGrpc.convert_collection_info(info))

    def Create(self, request: Any) -> Any:  # noqa: N802
        self._engine.run(
            "create_collection",
            request.collection_name,
            vectors_config=GrpcToRest.convert_vectors_config(request.vectors_config),
            sparse_vectors_config=GrpcToRest.convert_sparse_vector_config(request.sparse_vectors_config),
        )
        return q.CollectionOperationResponse(result=True)

    def Delete(self, request: Any) -> Any:  # noqa: N802
        return q.CollectionOperationResponse(result=self._engine.drop(request.collection_name))


class _Points(points_service_pb2_grpc.PointsServicer):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def CreateFieldIndex(self, request: Any) -> Any:  # noqa: N802
        self._engine.run(
            "create_payload_index",
            request.collection_name,
            field_name=request.field_name,
            field_schema=models.PayloadSchemaType.KEYWORD,
        )
        return DONE

    def Upsert(self, request: Any) -> Any:  # noqa: N802
        points = [GrpcToRest.convert_point_struct(point) for point in request.points]
        self._engine.run("upsert", request.collection_name, points=points)
        return DONE

    def Delete(self, request: Any) -> Any:  # noqa: N802
        chosen = models.FilterSelector(filter=GrpcToRest.convert_filter(request.points.filter))
        self._engine.run("delete", request.collection_name, points_selector=chosen)
        return DONE

    def SetPayload(self, request: Any) -> Any:  # noqa: N802
        self._engine.run(
            "set_payload",
            request.collection_name,
            payload=GrpcToRest.convert_payload(request.payload),
            points=GrpcToRest.convert_filter(request.points_selector.filter),
        )
        return DONE

    def Query(self, request: Any) -> Any:  # noqa: N802
        asked = GrpcToRest.convert_query_points(request)
        found = self._engine.run(
            "query_points",
            request.collection_name,
            query=asked.query,
            using=asked.using,
            query_filter=asked.filter,
            search_params=asked.params,
            limit=asked.limit,
            with_payload=asked.with_payload,
        )
        return q.QueryResponse(result=[RestToGrpc.convert_scored_point(point) for point in found.points])

    def Get(self, request: Any) -> Any:  # noqa: N802
        points = self._engine.run(
            "retrieve",
            request.collection_name,
            ids=[GrpcToRest.convert_point_id(one) for one in request.ids],
            with_payload=GrpcToRest.convert_with_payload_interface(request.with_payload),
            with_vectors=request.with_vectors.enable,
        )
        return q.GetResponse(result=[RestToGrpc.convert_retrieved_point(point) for point in points])

    def Scroll(self, request: Any) -> Any:  # noqa: N802
        points, following = self._engine.run(
            "scroll",
            request.collection_name,
            limit=request.limit,
            offset=GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None,
            with_payload=GrpcToRest.convert_with_payload_interface(request.with_payload),
            with_vectors=request.with_vectors.enable,
        )
        offset = None if following is None else RestToGrpc.convert_extended_point_id(following)
        return q.ScrollResponse(
            next_page_offset=offset, result=[RestToGrpc.convert_retrieved_point(point) for point in points]
        )

    def Count(self, request: Any) -> Any:  # noqa: N802
        found = self._engine.run("count", request.collection_name, exact=request.exact)
        return q.CountResponse(result=q.CountResult(count=found.count))
