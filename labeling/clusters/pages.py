"""The pages of clusters: all of them, and one to be named by a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from coop.domain.cluster import Cluster
from coop.domain.task import Task
from labeling.clusters.make import split
from labeling.web.site import PageTask, Site, show, site_of
from labeling.web.wire import Json, picture_json, task_json

router = APIRouter()

_THUMBS = 6
_SHOWN = 240
"""Clusters at once, those with the most to name; once they are named the others come."""

Name = Annotated[str, Field(min_length=1, max_length=400)]


class OneCluster(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Name
    number: Annotated[int, Field(ge=1)]


class SomeClusters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Name
    numbers: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=200)]


@router.get("/clusters")
def clusters(request: Request, chosen: PageTask) -> Response:
    """Similar pictures, to be named together."""
    return show(request, "clusters.html", task=chosen, data=task_json(chosen))


@router.get("/api/clusters")
def list_clusters(request: Request, task: str) -> Json:
    """All clusters, those with the most to name first."""
    site = site_of(request)
    chosen = site.store.task(task)
    found = site.store.clusters(chosen.name, limit=_SHOWN)
    return {"clusters": [cluster_json(cluster, chosen) for cluster in found]}


@router.get("/api/cluster")
def one_cluster(request: Request, task: str, number: int) -> Json:
    """One cluster with its pictures, the most typical first."""
    site = site_of(request)
    chosen = site.store.task(task)
    return _whole(site, chosen, site.store.cluster(chosen.name, number))


@router.post("/api/clusters/split")
def split_cluster(request: Request, wanted: OneCluster) -> Json:
    """Make two of one."""
    site = site_of(request)
    chosen = site.store.task(wanted.task)
    parts = split(site.store, chosen, site.cache_dir / "embeddings", wanted.number, site.clock())
    return {"clusters": [cluster_json(part, chosen) for part in parts]}


@router.post("/api/clusters/merge")
def merge_clusters(request: Request, wanted: SomeClusters) -> Json:
    """Make one of several."""
    site = site_of(request)
    chosen = site.store.task(wanted.task)
    merged = site.store.merge_clusters(chosen.name, wanted.numbers, site.clock())
    return {"clusters": [cluster_json(merged, chosen)]}


@router.post("/api/clusters/unmerge")
def unmerge_cluster(request: Request, wanted: OneCluster) -> Json:
    """Take a splitting or a merging back."""
    site = site_of(request)
    chosen = site.store.task(wanted.task)
    back = site.store.unmerge_cluster(chosen.name, wanted.number, site.clock())
    return {"clusters": [cluster_json(cluster, chosen) for cluster in back]}


def cluster_json(cluster: Cluster, task: Task) -> Json:
    """A cluster without its pictures but the first few."""
    values: dict[str, int] = {}
    for value, n in cluster.values.items():
        values[task.today(value)] = values.get(task.today(value), 0) + n
    return {
        "number": cluster.id,
        "pictures": len(cluster.pictures),
        "open": cluster.open,
        "values": sorted(values.items(), key=lambda entry: -entry[1]),
        "thumbs": list(cluster.pictures[:_THUMBS]),
        "joined": cluster.joined,
        "came_from": cluster.came_from,
    }


def _whole(site: Site, task: Task, cluster: Cluster) -> Json:
    sheets = {sheet.picture.key: sheet for sheet in site.store.sheet_of(task.name, cluster.pictures)}
    ordered = [sheets[key] for key in cluster.pictures if key in sheets]
    return cluster_json(cluster, task) | {
        "sheet": [picture_json(sheet, task, site.zone) for sheet in ordered]
    }
