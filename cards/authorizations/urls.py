from django.urls import path

from cards.authorizations import pages

urlpatterns = [path("cards/<str:card>/rules/try", pages.try_rules, name="card-rules-try")]
