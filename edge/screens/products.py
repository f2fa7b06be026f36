"""The card of one product as JSON, and the code of its trace page. It reads values and decides nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edge.domain.catalogue import Product
from edge.domain.product_view import Assortment, OnShelf, product_view
from edge.domain.values import Sku
from edge.paper.qr import screen_png
from edge.screens.bodies import answer
from edge.screens.contact import Today
from edge.screens.problems import problem
from edge.screens.stage import Stage

SIDE = 400

Lying = Callable[[Sku], tuple[OnShelf, ...]]
"""What lies in the counter of a product, by its ledger. Called in a worker thread."""


def nothing_lies(_sku: Sku) -> tuple[OnShelf, ...]:
    """For pages without a ledger behind them."""
    return ()


@dataclass(frozen=True, slots=True)
class Products:
    """assortment: what is in force, None before the engine's first turn. name: the counter's."""

    stage: Stage
    assortment: Callable[[], Assortment | None]
    lying: Lying
    name: str
    today: Today

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/v1/products/{sku}", self.product),
            Route("/api/v1/products/{sku}/trace.png", self.trace),
        ]

    def _found(self, request: Request) -> tuple[Assortment, Product] | Response:
        assortment, sku = self.assortment(), Sku(request.path_params["sku"])
        if assortment is None:
            return problem("STARTING")
        product = assortment.catalogue.products.get(sku)
        return problem("NOT_FOUND", f"no product {sku!r}") if product is None else (assortment, product)

    async def product(self, request: Request) -> Response:
        found = self._found(request)
        if isinstance(found, Response):
            return found
        assortment, product = found
        lying = await asyncio.to_thread(self.lying, product.sku)
        view = self.stage.view()
        trays = [tray for tray in view.trays if tray.sku == product.sku] if view else []
        return answer(product_view(product, assortment, trays, lying, self.name, self.today()))

    async def trace(self, request: Request) -> Response:
        """The QR of the product's trace page, where the catalogue names one."""
        found = self._found(request)
        if isinstance(found, Response):
            return found
        url = found[1].trace_url
        if not url:
            return problem("NOT_FOUND", "no trace page is registered for this product")
        png = await asyncio.to_thread(screen_png, url, SIDE)
        return Response(png, headers={"Cache-Control": "no-cache"}, media_type="image/png")
