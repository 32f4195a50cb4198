from django.urls import path

from cards.issuing import api, number_pages, pages

urlpatterns = [
    path("v1/cards", api.CardsView.as_view(), name="api-cards"),
    path("v1/cards/<str:card>", api.CardDetailView.as_view(), name="api-card"),
    path("v1/cards/<str:card>/load", api.CardLoadView.as_view(), name="api-card-load"),
    path("v1/cards/<str:card>/unload", api.CardUnloadView.as_view(), name="api-card-unload"),
    path("v1/cards/<str:card>/freeze", api.CardFreezeView.as_view(), name="api-card-freeze"),
    path("v1/cards/<str:card>/unfreeze", api.CardUnfreezeView.as_view(), name="api-card-unfreeze"),
    path("v1/cards/<str:card>/close", api.CardCloseView.as_view(), name="api-card-close"),
    path("v1/cards/<str:card>/reveal", api.CardRevealView.as_view(), name="api-card-reveal"),
    path("v1/cards/<str:card>/numbers", api.NumbersView.as_view(), name="api-numbers"),
    path("v1/cards/<str:card>/numbers/<str:number>", api.NumberDetailView.as_view(), name="api-number"),
    path(
        "v1/cards/<str:card>/numbers/<str:number>/reveal",
        api.NumberRevealView.as_view(),
        name="api-number-reveal",
    ),
    path("cards", pages.card_list, name="cards"),
    path("cards/new", pages.new_card, name="card-new"),
    path("cards/<str:card>", pages.card_detail, name="card"),
    path("cards/<str:card>/money", pages.move_money, name="card-money"),
    path("cards/<str:card>/freeze", pages.freeze, name="card-freeze"),
    path("cards/<str:card>/rules", pages.rules, name="card-rules"),
    path("cards/<str:card>/close", pages.close, name="card-close"),
    path("cards/<str:card>/reveal", pages.reveal, name="card-reveal"),
    path("cards/<str:card>/numbers/new", number_pages.new_number, name="number-new"),
    path("cards/<str:card>/numbers/<str:number>", number_pages.number_detail, name="number"),
    path("cards/<str:card>/numbers/<str:number>/reveal", number_pages.reveal_number, name="number-reveal"),
    path("cards/<str:card>/numbers/<str:number>/end", number_pages.end_number, name="number-end"),
]
